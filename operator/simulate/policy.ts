import type { DemandSample, WorkerShape } from "../scaling/forecast/forecaster.ts";

/** What a policy must know of the workers of one group. A worker is paid for while it starts. */
export interface FleetShape extends WorkerShape {
  readonly min: number;
  readonly max: number;
}

/**
 * The state of the fleet at a decision. `sessions` and `workers` are those that stay: draining workers are counted separately. The
 * object is reused: it is valid during the call only.
 */
export interface FleetView extends DemandSample {
  /** Sessions on draining workers. */
  readonly drainingSessions: number;
  /** Workers that get no more launches and are removed when their sessions have ended. */
  readonly drainingWorkers: number;
  /** Warm workers that stay and have at least one session. */
  readonly busyWorkers: number;
  /** Launches that were refused since the start of the trace. */
  readonly refused: number;
}

export interface Policy {
  readonly name: string;
  /** Interval between two decisions, in seconds. */
  readonly syncS: number;
  /**
   * Seconds of history that a decision depends on, at least `syncS`. If nothing has changed for this long, the decision stays
   * the same until the next change, and the replay skips the syncs between. Undefined: no sync is skipped.
   */
  readonly memoryS?: number;
  /** Whether the policy also decides after every arrival, departure and refusal, and when a worker is warm. */
  readonly eventDriven: boolean;
  /**
   * Which workers a smaller size removes. `blind`: those that the ReplicaSet controller would delete, whatever runs on them.
   * `empty`: only workers without sessions, at once. `drained`: workers with the fewest sessions; they get no more launches and
   * are removed when they are empty, or serve again if the size grows before that.
   */
  readonly removes: "blind" | "empty" | "drained";
  /** The number of workers wanted. The replay limits it to min and max. */
  decide(view: FleetView): number;
}
