import { type Backoff, fullJitterMs } from "./backoff.ts";
import type { Clock, Random } from "./clock.ts";

const backoff: Backoff = { baseMs: 100, maxMs: 60_000 };

/**
 * Keys that wait for work, with the semantics of client-go's work queue.
 *
 * Guarantees
 * - A key waits at most once, however often it was added; keys come out in the order in which they began to wait.
 * - A key is never handed out twice at once: added while it is worked on, it waits again after `done`.
 * - Delayed adds of one key melt into one, the earliest; an add without delay does not cancel it.
 * - At most `maxKeys` keys are known at a time. Beyond that `add` and its kin answer false and the key is dropped:
 *   keys are levels, not events, so the next resync brings it back.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #maxKeys: number;
  /** Sets keep the order of insertion: the first is the next. */
  readonly #waiting = new Set<string>();
  readonly #processing = new Set<string>();
  /** Added again while processed. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<(key: string) => void>();
  #stopped = false;

  constructor(clock: Clock, random: Random, options: { readonly maxKeys: number }) {
    this.#clock = clock;
    this.#random = random;
    this.#maxKeys = options.maxKeys;
  }

  /** Keys that wait now; those that are delayed or worked on do not count. */
  get size(): number {
    return this.#waiting.size;
  }

  /** @returns false when the queue is full. */
  add(key: string): boolean {
    if (this.#stopped) return true;
    if (!this.#admits(key)) return false;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return true;
    }
    if (this.#waiting.has(key)) return true;
    this.#waiting.add(key);
    this.#handOut();
    return true;
  }

  /**
   * Adds the key in `delayMs`; of several delays of one key the earliest wins.
   * @returns false when the queue is full.
   */
  addAfter(key: string, delayMs: number): boolean {
    if (delayMs <= 0) return this.add(key);
    if (this.#stopped) return true;
    if (!this.#admits(key)) return false;
    const dueMs = this.#clock.now() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.dueMs <= dueMs) return true;
    earlier?.timer.cancel();
    const timer = this.#clock.schedule(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, timer });
    return true;
  }

  /**
   * Adds the key after a delay that doubles with every call since the last `forget`, with full jitter, at most a minute.
   * @returns false when the queue is full.
   */
  addWithBackoff(key: string): boolean {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return this.addAfter(key, fullJitterMs(failures, backoff, this.#random));
  }

  /** Ends the key's back-off: its next failure waits briefly again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, to be given back by `done`; undefined once `signal` is aborted, even when keys wait. */
  next(signal: AbortSignal): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined);
      const onAbort = () => {
        this.#takers.delete(take);
        resolve(undefined);
      };
      const take = (key: string) => {
        signal.removeEventListener("abort", onAbort);
        resolve(key);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#takers.add(take);
      this.#handOut();
    });
  }

  /** The work on a key has ended, well or not; it waits again if it was added meanwhile. */
  done(key: string): void {
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Drops what waits and every delay and ignores later adds, so that no timer outlives the owner. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
  }

  #admits(key: string): boolean {
    if (this.#waiting.has(key) || this.#processing.has(key) || this.#delayed.has(key)) return true;
    // A key that waits and is delayed counts twice: the bound errs on the small side.
    return this.#waiting.size + this.#processing.size + this.#delayed.size < this.#maxKeys;
  }

  #handOut(): void {
    const [take] = this.#takers;
    const [key] = this.#waiting;
    if (take === undefined || key === undefined) return;
    this.#takers.delete(take);
    this.#waiting.delete(key);
    this.#processing.add(key);
    take(key);
  }
}

interface Delayed {
  readonly dueMs: number;
  readonly timer: { cancel(): void };
}
