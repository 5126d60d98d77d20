const SHORTEST_MS = 1_000;
/** Clients do not wait longer than this. */
const LONGEST_MS = 120_000;
/** Older grants do not count for the rate. */
const WINDOW_MS = 60_000;

/**
 * Estimated time in ms until a launch that is refused now would get a slot: `(waiting + 1) / rate of grants`, with the rate of the
 * last minute. Without a rate: the cold start of a new worker.
 */
export function retryAfterMs(state: {
  readonly nowMs: number;
  readonly waiting: number;
  /** Unix times in ms at which queued launches got a slot, oldest first. */
  readonly grantsMs: readonly number[];
  readonly coldStartMs: number;
}): number {
  const recent = state.grantsMs.filter((grantMs) => grantMs > state.nowMs - WINDOW_MS);
  const first = recent[0];
  const estimateMs =
    first === undefined || recent.length < 2 ? state.coldStartMs : ((state.nowMs - first) / recent.length) * (state.waiting + 1);
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, Math.ceil(estimateMs)));
}

/** Number of grants from which the rate is reliable enough to refuse a launch. */
const SURE_GRANTS = 16;
/** A launch is refused early if it needs this multiple of its remaining time: a wrong refusal harms more than a vain wait. */
const MARGIN = 4;

/**
 * Whether a launch cannot be served before its deadline if it enters the queue now: the pool cannot grow, and
 * `(waiting + 1) / rate of grants > MARGIN * remaining time`. Without a reliable rate no launch is hopeless.
 */
export function isHopeless(state: {
  readonly nowMs: number;
  readonly deadlineMs: number;
  readonly waiting: number;
  readonly grantsMs: readonly number[];
  readonly mayGrow: () => boolean;
}): boolean {
  const recent = state.grantsMs.filter((grantMs) => grantMs > state.nowMs - WINDOW_MS);
  const first = recent[0];
  if (first === undefined || recent.length < SURE_GRANTS) return false;
  const turnMs = ((state.nowMs - first) / recent.length) * (state.waiting + 1);
  return turnMs > MARGIN * (state.deadlineMs - state.nowMs) && !state.mayGrow();
}
