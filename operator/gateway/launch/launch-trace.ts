/**
 * How a launch came to its slot. warm: free on arrival, preset loaded. cold: free, not loaded. queued: it had to wait.
 * repeated: it was asked for before, and got the same answer. overflow: it went to the maker's cloud.
 */
export const launchPaths = ["warm", "cold", "queued", "repeated", "overflow"] as const;
export type LaunchPath = (typeof launchPaths)[number];

/** What happened to one launch, filled in as it happens, for the access log and the metrics. Holds no secret. */
export interface LaunchTrace {
  readonly arrivedMs: number;
  /** Of the trace context that the client sent. */
  readonly traceId?: string;
  /** Name of the client's token. */
  client?: string;
  room?: string;
  preset?: string;
  worker?: string;
  path?: LaunchPath;
  /** Workers that it was sent to. */
  attempts: number;
  /** Time until the body had arrived. */
  readMs: number;
  waitedMs: number;
  /** Time that workers took to answer, all attempts together. */
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
