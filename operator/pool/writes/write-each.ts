import { type RequestFailure, requestFailureOf } from "../../kube/errors.ts";

/** Requests to the API server that one pool has under way at a time. */
const AT_ONCE = 32;

const badness: Readonly<Record<RequestFailure, number>> = { refused: 0, failed: 1, unavailable: 2 };

/**
 * Writes each item, in order, 32 at once. What fails for one keeps no other from being written; once the API server is not
 * reached, the rest is left.
 * @throws the worst of the errors, when all is over.
 */
export async function writeEach<T>(items: readonly T[], write: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  const rest = items.values();
  const work = async () => {
    for (const item of rest) {
      try {
        await write(item);
      } catch (error) {
        errors.push(error);
      }
      if (errors.some((error) => requestFailureOf(error) === "unavailable")) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  if (errors.length > 0) throw worstOf(errors);
}

/** An error that a repetition mends comes before one that it does not. */
export function worstOf(errors: readonly unknown[]): unknown {
  return [...errors].sort((a, b) => badness[requestFailureOf(b)] - badness[requestFailureOf(a)])[0];
}
