const SHORTEST_MS = 1_000;
/** Clients do not wait longer than this. */
const LONGEST_MS = 120_000;
/** Older grants do not count for the rate. */
const WINDOW_MS = 60_000;

/** A queue when a launch arrives. */
export interface QueueState {
  readonly nowMs: number;
  readonly waiting: number;
  /** Unix times in ms at which queued launches got a slot, oldest first. */
  readonly grantsMs: readonly number[];
}

/** `(waiting + 1) / rate of grants` in ms, with the number of grants in the last minute from which the rate comes. */
function nextTurn({ nowMs, waiting, grantsMs }: QueueState) {
  const recent = grantsMs.filter((grantMs) => grantMs > nowMs - WINDOW_MS);
  return { grants: recent.length, turnMs: ((nowMs - (recent[0] ?? nowMs)) / recent.length) * (waiting + 1) };
}

/**
 * Estimated time in ms until a launch that is refused now would get a slot: `(waiting + 1) / rate of grants`, with the rate of the
 * last minute. Without a rate: the cold start of a new worker.
 */
export function retryAfterMs(state: QueueState & { readonly coldStartMs: number }): number {
  const { grants, turnMs } = nextTurn(state);
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, Math.ceil(grants < 2 ? state.coldStartMs : turnMs)));
}

/** Number of grants from which the rate is reliable enough to refuse a launch. */
const SURE_GRANTS = 16;
/** A launch is refused early if it needs this multiple of its remaining time: a wrong refusal harms more than a vain wait. */
const MARGIN = 4;

/**
 * Whether a launch cannot be served before its deadline if it enters the queue now: the pool cannot grow, and
 * `(waiting + 1) / rate of grants > MARGIN * remaining time`. Without a reliable rate no launch is hopeless.
 */
export function isHopeless(state: QueueState & { readonly deadlineMs: number; readonly mayGrow: () => boolean }): boolean {
  const { grants, turnMs } = nextTurn(state);
  if (grants < SURE_GRANTS) return false;
  return turnMs > MARGIN * (state.deadlineMs - state.nowMs) && !state.mayGrow();
}
