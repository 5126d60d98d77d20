/** Launches to replay. Times are seconds from the start of the trace. */
export interface Trace {
  readonly name: string;
  /** Ascending. */
  readonly arrivalS: Float64Array;
  /** Length of each session, from its start on a worker. */
  readonly durationS: Float64Array;
}
