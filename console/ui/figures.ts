/** Figures as people read them. */

const none = "–";

/** A count with thousands separators. */
export function countOf(count: number): string {
  return count.toLocaleString("en");
}

export function plural(count: number, noun: string): string {
  return `${countOf(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** A duration in ms with two or three digits: `840 ms`, `4.1 s`, `75 s`, `12 min`. */
export function durationOf(ms: number | undefined): string {
  if (ms === undefined) return none;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 99_950) return `${(ms / 1_000).toFixed(ms < 9_950 ? 1 : 0)} s`;
  return `${countOf(Math.round(ms / 60_000))} min`;
}

/** An age in its largest two units: `8 s`, `3 min`, `2 h 5 min`, `4 d 1 h`. */
export function ageOf(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1_000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h < 24) return two(h, "h", min % 60, "min");
  return two(Math.floor(h / 24), "d", h % 24, "h");
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** A share of 0 to 1 as a percentage. Values just below 1 are not rounded up to it. */
export function shareOf(share: number | undefined): string {
  if (share === undefined) return none;
  const percent = share >= 1 ? 100 : Math.min(99.9, Math.max(0, 100 * share));
  return `${percent >= 99 && percent < 100 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** Costs have no currency: the unit is that of `costPerHour` in the pool. */
export function costOf(cost: number | undefined): string {
  return cost === undefined ? none : cost.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** The local time of a moment: `14:05:09`. */
export function timeOf(atMs: number): string {
  return new Date(atMs).toLocaleTimeString("en-GB");
}
