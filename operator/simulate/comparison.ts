import type { GroupConfig } from "../api/pool-config.ts";
import { clairvoyantBoundHours } from "./clairvoyant.ts";
import type { GroupLoad } from "./group-loads.ts";
import type { FleetShape, Policy } from "./policy.ts";
import { type Replay, replay, type TimelinePoint } from "./replay.ts";

export type PolicyOf = (shape: FleetShape, group: GroupConfig) => Policy;

/** The result of a policy over all groups of a pool. */
export interface Outcome extends Pick<Replay, "launches" | "warm" | "refused" | "workerHours" | "wouldHaveEnded"> {
  readonly name: string;
  readonly waited: number;
  /** Start-up of the served launches: from arrival to first frame. */
  readonly startupS: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Undefined if a group has no `costPerHour`. */
  readonly cost: number | undefined;
  readonly directionChangesPerHour: number;
  /** Lower bound of the worker-hours of any policy with as many warm launches, even one that knows the future. */
  readonly clairvoyantHours: number;
  readonly timeline: readonly CapacityPoint[];
}

/** All groups at one time. */
export interface CapacityPoint extends TimelinePoint {
  /** Slots of all workers, including those that start or drain. */
  readonly slots: number;
}

export interface ComparisonOptions {
  /** Overrides the group's `coldStart`. */
  readonly timeToWarmS: number | undefined;
  readonly deadlineS: number;
  readonly untilS: number;
  readonly timelineS: number;
}

/** The first seconds of a trace do not count, because every policy starts with no worker. */
export const COUNT_FROM_S = 600;

/** Start-up on a warm slot. */
const FIRST_FRAME_S = 4;

/** Replays a policy on each group of a pool separately and adds up the results. */
export function outcomeOf(policyOf: PolicyOf, loads: readonly GroupLoad[], options: ComparisonOptions): Outcome {
  const { timeToWarmS, deadlineS, untilS, timelineS } = options;
  const parts = loads.map(({ group, trace }) => {
    const { min, max, slotsPerWorker, costPerHour, coldStartMs } = group;
    const shape = { min, max, slotsPerWorker, timeToWarmS: timeToWarmS ?? coldStartMs / 1_000 };
    const policy = policyOf(shape, group);
    const result = replay(trace, policy, { shape, countFromS: COUNT_FROM_S, deadlineS, untilS, timelineS });
    const warmShare = result.launches === 0 ? 1 : result.warm / result.launches;
    const cost = costPerHour === undefined ? undefined : costPerHour * result.workerHours;
    const capacity = result.timeline.map((point) => ({ ...point, slots: point.workers * slotsPerWorker }));
    return {
      name: policy.name,
      result,
      cost,
      capacity,
      clairvoyantHours: clairvoyantBoundHours(trace, shape, warmShare, COUNT_FROM_S),
    };
  });
  const results = parts.map(({ result }) => result);
  const total = (value: (result: Replay) => number) => results.reduce((sum, result) => sum + value(result), 0);
  const waitsS = Float64Array.from(results.flatMap((result) => [...result.waitsS])).sort();
  const warm = total((result) => result.warm);
  return {
    name: parts[0]?.name ?? "",
    launches: total(({ launches }) => launches),
    warm,
    waited: waitsS.length,
    refused: total(({ refused }) => refused),
    startupS: { p50: startup(0.5, warm, waitsS), p95: startup(0.95, warm, waitsS), p99: startup(0.99, warm, waitsS) },
    workerHours: total(({ workerHours }) => workerHours),
    cost: parts.reduce<number | undefined>(
      (sum, { cost }) => (sum === undefined || cost === undefined ? undefined : sum + cost),
      0,
    ),
    wouldHaveEnded: total(({ wouldHaveEnded }) => wouldHaveEnded),
    directionChangesPerHour: total(({ directionChanges, hours }) => (hours > 0 ? directionChanges / hours : 0)),
    clairvoyantHours: parts.reduce((sum, part) => sum + part.clairvoyantHours, 0),
    timeline: addUp(parts.map(({ capacity }) => capacity)),
  };
}

/** Quantile of the start-ups of `warm` launches that did not wait and of others with the given waits. */
function startup(share: number, warm: number, waitsS: Float64Array): number {
  const rank = Math.ceil(share * (warm + waitsS.length)) - 1 - warm;
  return FIRST_FRAME_S + (rank < 0 ? 0 : (waitsS[rank] ?? 0));
}

/** Adds up the timelines of the groups, which are sampled at the same times. */
function addUp(timelines: readonly (readonly CapacityPoint[])[]): readonly CapacityPoint[] {
  const [first = []] = timelines;
  return first.map(({ atS }, index) => {
    const total = (value: (point: CapacityPoint) => number) =>
      timelines.reduce((sum, timeline) => sum + (timeline[index] === undefined ? 0 : value(timeline[index])), 0);
    return {
      atS,
      sessions: total(({ sessions }) => sessions),
      workers: total(({ workers }) => workers),
      slots: total(({ slots }) => slots),
      queued: total(({ queued }) => queued),
    };
  });
}
