/** Kubernetes-style durations: one or more of a whole number and a unit (`ms`, `s`, `m`, `h`), as in `90s` or `1h30m`. */

export const DURATION_PATTERN = "^([0-9]{1,6}(ms|s|m|h)){1,4}$";

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of a duration string.
 * @throws RangeError if the text is not a duration.
 */
export function parseDurationMs(text: string): number {
  if (!new RegExp(DURATION_PATTERN).test(text)) {
    throw new RangeError(`"${text}" is not a duration: write a whole number and a unit, such as 30s, 5m or 1h30m`);
  }
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/([0-9]+)(ms|s|m|h)/g)) totalMs += Number(count) * (unitMs[unit ?? ""] ?? 0);
  return totalMs;
}

/** The shortest exact text for a whole number of milliseconds, largest units first: 90000 -> `1m30s`. */
export function formatDuration(durationMs: number): string {
  let restMs = Math.max(0, Math.round(durationMs));
  if (restMs === 0) return "0s";
  let text = "";
  for (const unit of ["h", "m", "s", "ms"] as const) {
    const count = Math.floor(restMs / (unitMs[unit] ?? 1));
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * (unitMs[unit] ?? 1);
  }
  return text;
}

/** A measured duration in seconds, such as `4.1s`. */
export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)}s`;
}
