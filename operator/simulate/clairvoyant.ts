import { Heap } from "./heap.ts";
import type { FleetShape } from "./policy.ts";
import type { Trace } from "./trace.ts";

/**
 * A lower bound of the worker-hours of any policy, even one that knows the future, at a given share of warm launches. It is a
 * bound, not a plan: possibly no policy reaches it.
 *
 * Relaxation if all launches are warm: sessions can move between workers, so `ceil(sessions / slots)` workers serve them at any
 * time. The k-th worker is needed while there are more than `(k - 1) * slots` sessions. Between two such times it is kept or
 * started again, whichever costs less: `min(gap, time to warm)`. The levels are independent of each other, so the sum of their
 * costs is the optimum of the relaxation.
 *
 * Launches that may be cold are left out. Leaving one out saves at most the cost of serving it on a worker of its own,
 * `duration + time to warm`. The bound leaves out the longest ones, so it is loose for many slots per worker. In any case the
 * rest needs at least `slot time / slots`.
 */
export function clairvoyantBoundHours(trace: Trace, shape: FleetShape, warmShare: number, countFromS: number): number {
  const { slotsPerWorker, timeToWarmS } = shape;
  const endS = trace.arrivalS.at(-1) ?? 0;
  const counted = (fromS: number, toS: number) => Math.max(0, Math.min(toS, endS) - Math.max(fromS, countFromS));
  const launches = trace.arrivalS.filter((arrivalS) => arrivalS >= countFromS).length;
  const missed = Math.floor((1 - warmShare) * launches + 1e-9);
  const allWarmS = allWarmSeconds(trace, shape, counted);
  const served = trace.arrivalS.map((arrivalS, row) => counted(arrivalS, arrivalS + (trace.durationS[row] ?? 0))).sort();
  const workS = served.subarray(0, served.length - missed).reduce((sum, durationS) => sum + durationS, 0);
  const longest = trace.durationS.slice().sort();
  const savedS = longest.subarray(longest.length - missed).reduce((sum, durationS) => sum + durationS + timeToWarmS, 0);
  return Math.max(allWarmS - savedS, workS / slotsPerWorker) / 3_600;
}

/** Worker-seconds of the relaxation if all launches are warm. */
function allWarmSeconds(trace: Trace, shape: FleetShape, counted: (fromS: number, toS: number) => number): number {
  const { slotsPerWorker, timeToWarmS } = shape;
  const departuresS = new Heap<number>((a, b) => a - b);
  const neededSinceS: number[] = [];
  const idleSinceS: number[] = [];
  let totalS = 0;
  trace.arrivalS.forEach((atS, row) => {
    // A session that ends as another one begins frees its slot first, as in a replay.
    for (let leftS = departuresS.first; leftS !== undefined && leftS <= atS; leftS = departuresS.first) {
      departuresS.take();
      if (departuresS.size % slotsPerWorker !== 0) continue;
      const level = departuresS.size / slotsPerWorker;
      totalS += counted(neededSinceS[level] ?? leftS, leftS);
      idleSinceS[level] = leftS;
    }
    if (departuresS.size % slotsPerWorker === 0) {
      const level = departuresS.size / slotsPerWorker;
      const startedS = counted(atS - timeToWarmS, atS);
      const idleS = idleSinceS[level];
      totalS += idleS === undefined ? startedS : Math.min(startedS, counted(idleS, atS));
      neededSinceS[level] = atS;
    }
    departuresS.add(atS + (trace.durationS[row] ?? 0));
  });
  // Workers that are needed when the trace ends are needed until then.
  const levels = Math.ceil(departuresS.size / slotsPerWorker);
  for (let level = 0; level < levels; level++) totalS += counted(neededSinceS[level] ?? 0, Number.POSITIVE_INFINITY);
  return totalS;
}
