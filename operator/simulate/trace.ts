/** Arrivals of launches over time, as the simulator replays them. Seconds from the start of the trace. */
export interface Trace {
  readonly name: string;
  /** Ascending. */
  readonly arrivalS: Float64Array;
  /** How long each session lasts, from the moment that it runs. */
  readonly durationS: Float64Array;
}
