/**
 * How a launch came to its slot. warm: free on arrival, preset loaded. cold: free on arrival, preset not loaded. queued: waited.
 * repeated: got the answer of an earlier request for the same launch. overflow: sent to the maker's cloud.
 */
export const launchPaths = ["warm", "cold", "queued", "repeated", "overflow"] as const;
export type LaunchPath = (typeof launchPaths)[number];

/** The record of one launch for the access log and the metrics, written while it is served. Contains no secret. */
export interface LaunchTrace {
  readonly arrivedMs: number;
  /** Trace ID of the client's trace context. */
  readonly traceId?: string;
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
  return {
    arrivedMs,
    ...(traceId === undefined ? {} : { traceId }),
    attempts: 0,
    readMs: 0,
    waitedMs: 0,
    forwardMs: 0,
  };
}
