import type { DecisionMark, History, HistorySample } from "../../operator/api/console.ts";

/** Samples kept in a tab: a day at one sample per 5 s. */
const MOST_SAMPLES = 17_280;
const MOST_DECISIONS = 500;

/** The history with a newer sample. The oldest ones leave it when it becomes too long. */
export function withSample(history: History, sample: HistorySample): History {
  const last = history.samples.at(-1);
  if (last !== undefined && sample.atMs < last.atMs) return history;
  const before = last?.atMs === sample.atMs ? history.samples.slice(0, -1) : history.samples;
  const samples = [...before, sample].slice(-MOST_SAMPLES);
  return { ...history, samples, toMs: Math.max(history.toMs, sample.atMs) };
}

/** The history with decisions that it does not have yet, oldest first. */
export function withDecisions(history: History, added: readonly DecisionMark[]): History {
  const known = new Set(history.decisions.map(({ id }) => id));
  const fresh = added.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return history;
  const decisions = [...history.decisions, ...fresh].sort((one, other) => one.atMs - other.atMs).slice(-MOST_DECISIONS);
  return { ...history, decisions, toMs: Math.max(history.toMs, decisions.at(-1)?.atMs ?? 0) };
}

/** Merges samples into at most `count` equal intervals: the largest of a level, the sum of a counter. Empty ones are left out. */
export function merged(samples: readonly HistorySample[], fromMs: number, toMs: number, count: number): readonly HistorySample[] {
  const widthMs = (toMs - fromMs) / count;
  const buckets = new Map<number, HistorySample>();
  for (const sample of samples) {
    if (sample.atMs < fromMs || sample.atMs > toMs) continue;
    const at = Math.min(count - 1, Math.floor((sample.atMs - fromMs) / (widthMs || 1)));
    const other = buckets.get(at);
    buckets.set(at, other === undefined ? sample : merge(other, sample));
  }
  return [...buckets.values()];
}

function merge(one: HistorySample, other: HistorySample): HistorySample {
  const startupP95Ms = largest(one.startupP95Ms, other.startupP95Ms);
  return {
    atMs: other.atMs,
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
  for (const sample of samples) {
    if (last !== undefined && sample.atMs - last > 3 * stepMs) {
      x.push(last + stepMs);
      for (const column of values) column.push(null);
    }
    last = sample.atMs;
    x.push(sample.atMs);
    for (const [index, figure] of figures.entries()) values[index]?.push(figure(sample) ?? null);
  }
  return { x, values };
}

/** 503s of workers, and those of them after which the client got no error. */
export function absorbedOf(samples: readonly HistorySample[]): {
  readonly worker503: number;
  readonly absorbed: number;
  readonly refused: number;
} {
  const worker503 = samples.reduce((sum, sample) => sum + sample.worker503, 0);
  const refused = samples.reduce((sum, sample) => sum + sample.refused, 0);
  return { worker503, absorbed: Math.max(0, worker503 - refused), refused };
}
