/** What a reconcile asks for next. A closed set: there is no "return nothing and hope". */
export type Outcome = { readonly kind: "await-change" } | { readonly kind: "requeue"; readonly afterMs: number };

export const awaitChange: Outcome = { kind: "await-change" };

export function requeueAfter(afterMs: number): Outcome {
  return { kind: "requeue", afterMs };
}

/** An error that no retry mends: it is logged and waits for a change of the object. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}
