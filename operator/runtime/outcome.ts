/** What the controller does after a reconcile: a closed set, so that every reconcile decides explicitly. */
export type Outcome = { readonly kind: "await-change" } | { readonly kind: "requeue"; readonly afterMs: number };

export const awaitChange: Outcome = { kind: "await-change" };

export function requeueAfter(afterMs: number): Outcome {
  return { kind: "requeue", afterMs };
}

/** An error for which a retry does not help: it is logged, and the next change of the object retries. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
}
