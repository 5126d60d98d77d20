/** What is looked at when a launch that has no slot might go to the maker's cloud. Times are Unix times in ms. */
export interface OverflowInputs {
  readonly nowMs: number;
  readonly arrivedMs: number;
  readonly deadlineMs: number;
  /** How long it waits for a slot of the pool first. */
  readonly afterMs: number;
  /** It would be refused now. */
  readonly lastChance: boolean;
  /** The pool has as many sessions as `limits.maxSessions` allows: the account's cap, which the cloud shares. */
  readonly atSessionLimit: boolean;
  /** Sessions in the cloud that this gateway has begun, and how many it may have. */
  readonly taken: number;
  readonly share: number;
  /** The cloud refused lately, and is left alone for a while. */
  readonly circuitOpen: boolean;
  /** In how many ms a further worker may be ready; undefined when none can come. */
  readonly nextWorkerMs: () => number | undefined;
}

export type WhyNot = "session-limit" | "early" | "cap" | "circuit-open" | "worker-comes";

/**
 * Why a launch does not go to the cloud; undefined when it does: it has waited for its time, and
 * `nowMs + nextWorkerMs > deadlineMs`, so that no worker that starts, or may yet be started, can serve it.
 */
export function whyNotOverflow(inputs: OverflowInputs): WhyNot | undefined {
  const { nowMs, lastChance } = inputs;
  if (inputs.atSessionLimit) return "session-limit";
  if (!lastChance && nowMs < inputs.arrivedMs + inputs.afterMs) return "early";
  if (inputs.taken >= inputs.share) return "cap";
  if (inputs.circuitOpen) return "circuit-open";
  if (lastChance) return undefined;
  const comesInMs = inputs.nextWorkerMs();
  return comesInMs !== undefined && nowMs + comesInMs <= inputs.deadlineMs ? "worker-comes" : undefined;
}
