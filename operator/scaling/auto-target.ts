/** What the forecast says of one serving set: how `warm.slots: auto` and `scaling.scaleDownAfter: auto` are meant now. */
export interface AutoTarget {
  /** Free slots wanted: with fewer, workers are started. */
  readonly slots: number;
  /** How long workers that are not wanted any more are kept. */
  readonly holdMs: number;
  /** The arithmetic as a clause: "5 warm for 99.9% of launches at 2.1/min over 48s". */
  readonly because: string;
  /** From a worker's creation until it is warm, as observed; absent while nobody has seen it. */
  readonly timeToWarmMs?: number;
}
