import type { LaunchSpan } from "../../telemetry/tracing.ts";
import type { LaunchPath } from "../sessions/launch-path.ts";

/** Limit on the recorded steps of a launch. One that finds a worker at once has five. */
const MAX_STEPS = 100;

/** The stage of a trace that each state of a launch belongs to. */
const stageOf = {
  admitted: "pick",
  pending: "pick",
  queued: "queue",
  reserved: "claim",
  claimed: "claim",
  sent: "forward",
  doubtful: "forward",
  overflowed: "overflow",
} as const;

/** The time in a state that a launch has left. Times are Unix times in ms. */
interface LaunchStep {
  readonly stage: (typeof stageOf)[keyof typeof stageOf];
  readonly startMs: number;
  readonly endMs: number;
  readonly worker: string | undefined;
}

/** The record of one launch for the access log, the metrics and the spans, written while it is served. Contains no secret. */
export interface LaunchTrace {
  readonly arrivedMs: number;
  readonly traceId?: string | undefined;
  /** Undefined if no traces are exported. */
  readonly span?: LaunchSpan | undefined;
  /** Undefined if no traces are exported. */
  readonly steps?: LaunchStep[] | undefined;
  /** Name of the client's token. */
  client?: string;
  room?: string;
  preset?: string;
  worker?: string;
  path?: LaunchPath;
  /** Number of workers that the launch was sent to. */
  attempts: number;
  /** Time until the body was read. */
  readMs: number;
  waitedMs: number;
  /** Time that workers and the maker's cloud took to answer, all attempts together. */
  forwardMs: number;
}

export function newTrace(arrivedMs: number, traceId?: string, span?: LaunchSpan): LaunchTrace {
  return { arrivedMs, traceId, span, steps: span && [], attempts: 0, readMs: 0, waitedMs: 0, forwardMs: 0 };
}

/** Records the time in a state that the launch has left, if traces are exported. */
export function noteStep({ steps, worker }: LaunchTrace, state: keyof typeof stageOf, startMs: number, endMs: number): void {
  if (steps !== undefined && steps.length < MAX_STEPS) steps.push({ stage: stageOf[state], startMs, endMs, worker });
}
