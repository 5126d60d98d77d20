import type { History, HistorySample } from "../../operator/api/console.ts";

/** Samples in a tab: a day at one sample per 5 s. */
const MOST_SAMPLES = 17_280;
const MOST_DECISIONS = 500;

/** The history with the samples and decisions of the stream that it does not have yet. The oldest ones make room. */
export function withRecent(history: History, { samples, decisions }: Pick<History, "samples" | "decisions">): History {
  const newestMs = history.samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  const newer = samples.filter(({ atMs }) => atMs > newestMs);
  const known = new Set(history.decisions.map(({ id }) => id));
  const unknown = decisions.filter(({ id, atMs }) => atMs >= history.fromMs && !known.has(id));
  if (newer.length === 0 && unknown.length === 0) return history;
  return {
    ...history,
    toMs: Math.max(history.toMs, newer.at(-1)?.atMs ?? 0, ...unknown.map(({ atMs }) => atMs)),
    samples: [...history.samples, ...newer].slice(-MOST_SAMPLES),
    decisions: [...history.decisions, ...unknown].sort((one, other) => one.atMs - other.atMs).slice(-MOST_DECISIONS),
  };
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const binWidthsMs = [
  ...[1, 2, 5, 10, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30, 60, 120].map((minutes) => minutes * MINUTE_MS),
];

/** The smallest round interval that divides a time into at most `count` parts, but no smaller than the step of the samples. */
export function binWidthMs(spanMs: number, count: number, stepMs: number): number {
  const leastMs = Math.max(spanMs / count, stepMs);
  return binWidthsMs.find((widthMs) => widthMs >= leastMs) ?? 4 * 60 * MINUTE_MS;
}

/**
 * Merges samples into round intervals: the largest of a level, the sum of a counter. The time of each is the beginning of the
 * interval. Intervals without a sample are left out.
 */
export function binned(samples: readonly HistorySample[], widthMs: number): readonly HistorySample[] {
  const bins = new Map<number, HistorySample>();
  for (const sample of samples) {
    const atMs = Math.floor(sample.atMs / widthMs) * widthMs;
    const bin = bins.get(atMs);
    bins.set(atMs, bin === undefined ? { ...sample, atMs } : merge(bin, sample));
  }
  return [...bins.values()];
}

function merge(one: HistorySample, other: HistorySample): HistorySample {
  const startupP95Ms = largest(one.startupP95Ms, other.startupP95Ms);
  return {
    atMs: one.atMs,
    sessions: Math.max(one.sessions, other.sessions),
    slots: Math.max(one.slots, other.slots),
    warmSlots: Math.max(one.warmSlots, other.warmSlots),
    warmWanted: Math.max(one.warmWanted, other.warmWanted),
    replicas: Math.max(one.replicas, other.replicas),
    queued: Math.max(one.queued, other.queued),
    launches: one.launches + other.launches,
    worker503: one.worker503 + other.worker503,
    refused: one.refused + other.refused,
    waited: one.waited + other.waited,
    ...(startupP95Ms !== undefined && { startupP95Ms }),
  };
}

function largest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other);
}

/** Columns for the plots: the times in ms, then the values of each figure. A gap of several steps breaks the lines. */
export function columnsOf(
  samples: readonly HistorySample[],
  stepMs: number,
  figures: readonly ((sample: HistorySample) => number | undefined)[],
): { readonly x: readonly number[]; readonly values: readonly (readonly (number | null)[])[] } {
  const x: number[] = [];
  const values = figures.map((): (number | null)[] => []);
  let last: number | undefined;
  let lastGapMs = Number.POSITIVE_INFINITY;
  for (const sample of samples) {
    const gapMs = sample.atMs - (last ?? sample.atMs);
    if (last !== undefined) {
      // Older samples may be further apart than newer ones.
      if (gapMs > 3 * Math.max(stepMs, lastGapMs)) {
        x.push(last + stepMs);
        for (const column of values) column.push(null);
      }
      lastGapMs = gapMs;
    }
    last = sample.atMs;
    x.push(sample.atMs);
    for (const [index, figure] of figures.entries()) values[index]?.push(figure(sample) ?? null);
  }
  return { x, values };
}
