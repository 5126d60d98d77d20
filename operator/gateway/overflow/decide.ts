/** The inputs of the decision whether a launch without a slot may go to the maker's cloud. Times are Unix times in ms. */
export interface OverflowInputs {
  readonly nowMs: number;
  readonly arrivedMs: number;
  readonly deadlineMs: number;
  /** How long the launch waits for a slot of the pool first. */
  readonly afterMs: number;
  /** The queue refuses the launch now. */
  readonly lastChance: boolean;
  /** The pool has reached `limits.maxSessions`, the limit of the maker's account, which the cloud shares. */
  readonly atSessionLimit: boolean;
  /** Sessions in the cloud that this gateway has begun, and its share of `overflow.maxSessions`. */
  readonly taken: number;
  readonly share: number;
  /** The pool has exceeded its credit budget, which stops overflow. */
  readonly overBudget: boolean;
  /** The circuit breaker is open: the cloud has refused launches. */
  readonly circuitOpen: boolean;
  /** Time in ms until a further worker may be ready; undefined if there will be none. */
  readonly nextWorkerMs: () => number | undefined;
}

export type WhyNot = "session-limit" | "early" | "cap" | "budget" | "circuit-open" | "worker-comes";

/**
 * Why a launch does not go to the cloud. Undefined if it does: it has waited for `afterMs`, and
 * `nowMs + nextWorkerMs > deadlineMs`, so that no starting or future worker can serve it in time.
 */
export function whyNotOverflow(inputs: OverflowInputs): WhyNot | undefined {
  const { nowMs, lastChance } = inputs;
  if (inputs.atSessionLimit) return "session-limit";
  if (!lastChance && nowMs < inputs.arrivedMs + inputs.afterMs) return "early";
  if (inputs.taken >= inputs.share) return "cap";
  if (inputs.overBudget) return "budget";
  if (inputs.circuitOpen) return "circuit-open";
  if (lastChance) return undefined;
  const comesInMs = inputs.nextWorkerMs();
  return comesInMs !== undefined && nowMs + comesInMs <= inputs.deadlineMs ? "worker-comes" : undefined;
}
