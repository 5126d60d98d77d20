import { type RequestFailure, requestFailureOf } from "../../kube/errors.ts";

/** Requests about single pods that one pool has under way at a time. */
const AT_ONCE = 32;

/** Lets so many pieces of work of all groups run at once; the others wait in order. */
export class WriteLimit {
  readonly #waiting: (() => void)[] = [];
  #free = AT_ONCE;

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

const badness: Readonly<Record<RequestFailure, number>> = { refused: 0, failed: 1, unavailable: 2 };

/**
 * Writes each item, in order, within the limit. A failure of one keeps no other from being written; once the API server is
 * unavailable, the remaining items are skipped.
 * @throws the worst of the errors, after the last write.
 */
export async function writeEach<T>(limit: WriteLimit, items: readonly T[], write: (item: T) => Promise<void>): Promise<void> {
  const errors: unknown[] = [];
  const rest = items.values();
  const work = async () => {
    for (const item of rest) {
      try {
        await limit.run(() => write(item));
      } catch (error) {
        errors.push(error);
      }
      if (errors.some((error) => requestFailureOf(error) === "unavailable")) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  if (errors.length > 0) throw worstOf(errors);
}

/** An error that a retry can mend comes before one that it cannot. */
export function worstOf(errors: readonly unknown[]): unknown {
  return [...errors].sort((a, b) => badness[requestFailureOf(b)] - badness[requestFailureOf(a)])[0];
}
