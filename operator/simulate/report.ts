import type { PoolConfig } from "../api/pool-config.ts";
import { seededRandom } from "../runtime/random.ts";
import { COUNT_FROM_S, type Outcome, outcomeOf, type PolicyOf } from "./comparison.ts";
import { groupLoads } from "./group-loads.ts";
import { whole } from "./table.ts";
import type { Trace } from "./trace.ts";

/** The result of a simulation, for a page. */
export interface SimulationReport {
  readonly title: string;
  /** Sentences that describe the simulated pool and launches. */
  readonly about: readonly string[];
  readonly outcomes: readonly Outcome[];
}

/** The launches and the pool of a simulation. */
export interface Simulation {
  readonly pool: PoolConfig;
  readonly trace: Trace;
  readonly endS: number;
  readonly seed: number;
  /** Longest session. Undefined: no session was cut. */
  readonly capS: number | undefined;
  /** Overrides the `coldStart` of each group. */
  readonly timeToWarmS: number | undefined;
}

export const DEFAULT_SEED = 1;
/** Generated and uploaded sessions are cut at this length. */
export const DEFAULT_CAP_S = 1_800;
/** When generated and uploaded launches begin, for `warm.schedule`. */
export const A_MONDAY_MS = Date.UTC(2026, 0, 5);

/** Points of a plot: about two per three pixels. */
const TIMELINE_POINTS = 600;

/** Replays the launches under one policy after the other, so that the caller can show the progress. */
export function* simulated(
  { pool, trace, endS, seed, timeToWarmS }: Simulation,
  policies: readonly PolicyOf[],
): Generator<Outcome, void, void> {
  const loads = groupLoads(trace, pool, seededRandom(seed, "presets"));
  const deadlineS = pool.launch.queueDeadlineMs / 1_000;
  for (const policyOf of policies)
    yield outcomeOf(policyOf, loads, { timeToWarmS, deadlineS, untilS: endS, timelineS: endS / TIMELINE_POINTS });
}

/** The last arrival of a recorded trace. @throws Error if the trace is too short for a comparison. */
export function endOf({ name, arrivalS }: Trace): number {
  const endS = arrivalS.at(-1) ?? 0;
  if (endS < 2 * COUNT_FROM_S)
    throw new Error(
      `${name} covers ${endS} s, but at least ${2 * COUNT_FROM_S} s are needed; the first ${COUNT_FROM_S} s do not count`,
    );
  return endS;
}

export function aboutSimulation({ pool, trace, endS, timeToWarmS, capS }: Simulation): readonly string[] {
  const perMinute = (60 * trace.arrivalS.length) / endS;
  const groups = pool.groups.map(({ name, min, max, slotsPerWorker, coldStartMs }) => {
    const warmS = timeToWarmS ?? coldStartMs / 1_000;
    return `${name} (${min} to ${max} workers of ${slotsPerWorker}, warm after ${warmS} s)`;
  });
  return [
    `${trace.name}: ${whole(trace.arrivalS.length)} launches in ${(endS / 3_600).toFixed(1)} h, ${perMinute.toFixed(2)} per minute${capS === undefined ? "" : `; sessions are cut at ${capS} s`}. The first ${COUNT_FROM_S / 60} min do not count, because every policy starts with no worker.`,
    `Pool ${pool.name}: ${groups.join("; ")}. Launches wait at most ${pool.launch.queueDeadlineMs / 1_000} s.`,
  ];
}
