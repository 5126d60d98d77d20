import { expect, it } from "vitest";
import { clairvoyantBoundHours } from "./clairvoyant.ts";
import type { FleetShape } from "./policy.ts";
import type { Trace } from "./trace.ts";

const shape: FleetShape = { slotsPerWorker: 2, timeToWarmS: 60, min: 0, max: 100 };

function trace(arrivals: readonly number[], durations: readonly number[]): Trace {
  return { name: "test", arrivalS: Float64Array.from(arrivals), durationS: Float64Array.from(durations) };
}

const seconds = (input: Trace, warmShare: number, countFromS = 0) =>
  Math.round(clairvoyantBoundHours(input, shape, warmShare, countFromS) * 3_600 * 1_000) / 1_000;

it("starts each worker just in time, and keeps it through gaps shorter than its start", () => {
  // 100 to 200, then 230 to 330: kept for 30 s. Then nothing until 1,000: started again, to 1,010 (the end of the trace).
  expect(seconds(trace([100, 230, 1_000, 1_010], [100, 100, 100, 0]), 1)).toBe(60 + 230 + 60 + 10);
});

it("packs sessions on the minimum number of workers", () => {
  // Three at once need two workers for 100 s. The bound moves sessions, so the second worker ends as soon as two are left.
  expect(seconds(trace([100, 100, 100, 1_000], [100, 300, 100, 0]), 1)).toBe(60 + 300 + 60 + 100 + 60);
});

it("reuses the slot of an ending session for a session that starts at that moment", () => {
  const single = { ...shape, slotsPerWorker: 1 };
  const workerS = (input: Trace) => Math.round(clairvoyantBoundHours(input, single, 1, 0) * 3_600);
  expect(workerS(trace([311, 980, 6_000], [669, 0, 0]))).toBe(60 + 669 + 60);
  // Two sessions of zero length are consecutive. A longer one beside them needs a second worker.
  expect(workerS(trace([100, 200, 200, 6_000], [500, 0, 0, 0]))).toBe(60 + 500 + 60 + 60);
});

it("costs nothing before the start of the count", () => {
  expect(seconds(trace([100, 1_000], [1_000, 0]), 1, 600)).toBe(400);
});

it("omits the longest launches that may miss, with their starts, but at most the work of the rest", () => {
  const four = trace([100, 1_000, 3_000, 6_000], [100, 500, 100, 0]);
  expect(seconds(four, 1)).toBe(4 * 60 + 700);
  expect(seconds(four, 0.75)).toBe(4 * 60 + 700 - 560);
  expect(seconds(four, 0)).toBe(0);
});
