import type { LaunchPath } from "../sessions/launch-path.ts";

/** The record of one launch for the access log and the metrics, written while it is served. Contains no secret. */
export interface LaunchTrace {
  readonly arrivedMs: number;
  readonly traceId?: string | undefined;
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

export function newTrace(arrivedMs: number, traceId?: string): LaunchTrace {
  return { arrivedMs, traceId, attempts: 0, readMs: 0, waitedMs: 0, forwardMs: 0 };
}
