const SHORTEST_MS = 1_000;
/** A client that is told to wait longer than this has given up anyway. */
const LONGEST_MS = 120_000;
/** Grants that lie further back say nothing about now. */
const WINDOW_MS = 60_000;

/**
 * When a launch that is refused now would probably find a slot, in ms from now: the launches that wait before it, at the
 * pace at which slots were granted in the last minute. Without such a pace: the time that a new worker needs.
 */
export function retryAfterMs(state: {
  readonly nowMs: number;
  readonly waiting: number;
  /** Unix times in ms at which waiting launches were granted a slot, oldest first. */
  readonly grantsMs: readonly number[];
  readonly coldStartMs: number;
}): number {
  const recent = state.grantsMs.filter((grantMs) => grantMs > state.nowMs - WINDOW_MS);
  const first = recent[0];
  const estimateMs =
    first === undefined || recent.length < 2 ? state.coldStartMs : ((state.nowMs - first) / recent.length) * (state.waiting + 1);
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, Math.ceil(estimateMs)));
}

/** Grants that a pace must be known from before anybody is refused for it. */
const SURE_GRANTS = 16;
/** How many times too late a launch must be before it is refused early: waiting in vain harms less than a wrong refusal. */
const MARGIN = 4;

/**
 * Whether a launch that would begin to wait now cannot be served before its deadline: the pool is as large as it may be, slots
 * have become free at a well-known pace, and at that pace its turn comes when `MARGIN` times its time is over.
 * Slots that nobody frees give no pace, and refuse nobody.
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
