import type { HistorySample } from "../../api/console.ts";

export type SampleValues = Omit<HistorySample, "atMs">;

const levels = ["sessions", "slots", "warmSlots", "warmWanted", "replicas", "queued"] as const;
const counters = ["launches", "worker503", "refused", "waited"] as const;

export type Levels = Readonly<Record<(typeof levels)[number], number>>;
export type Counters = Readonly<Record<(typeof counters)[number], number>>;

export const noCounts: Counters = { launches: 0, worker503: 0, refused: 0, waited: 0 };

/** Two samples of one interval, or of two that follow each other, as one: the largest of a level, the sum of a counter. */
export function merged(a: SampleValues, b: SampleValues): SampleValues {
  const p95 = Math.max(a.startupP95Ms ?? 0, b.startupP95Ms ?? 0);
  return {
    ...valuesOf(levels, (field) => Math.max(a[field], b[field])),
    ...valuesOf(counters, (field) => a[field] + b[field]),
    ...(p95 > 0 && { startupP95Ms: p95 }),
  };
}

/** Numbers of a stored sample: its levels, its counters, and the start-up time, which is 0 if no session started. */
export const STORED = levels.length + counters.length + 1;

export function write(into: Uint32Array, at: number, values: SampleValues): void {
  const numbers = [...levels, ...counters].map((field) => values[field]);
  into.set([...numbers, Math.round(values.startupP95Ms ?? 0)], at);
}

export function read(from: Uint32Array, at: number): SampleValues {
  const p95 = from[at + STORED - 1] ?? 0;
  return {
    ...valuesOf(levels, (_field, index) => from[at + index] ?? 0),
    ...valuesOf(counters, (_field, index) => from[at + levels.length + index] ?? 0),
    ...(p95 > 0 && { startupP95Ms: p95 }),
  };
}

function valuesOf<Field extends string>(fields: readonly Field[], of: (field: Field, index: number) => number) {
  return Object.fromEntries(fields.map((field, index) => [field, of(field, index)])) as Record<Field, number>;
}
