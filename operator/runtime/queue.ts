import { type Backoff, fullJitterMs } from "./backoff.ts";
import type { Clock, Random } from "./clock.ts";

const backoff: Backoff = { baseMs: 100, maxMs: 60_000 };

/** Counts what happens to keys. */
export interface QueueMetrics {
  /** Keys that wait. */
  depth(keys: number): void;
  added(): void;
  retried(): void;
  taken(waitedMs: number): void;
  done(workedMs: number): void;
}

/**
 * A queue of keys with the semantics of client-go's work queue.
 *
 * Guarantees
 * - A key waits at most once, however often it was added. Keys leave in the order in which they began to wait.
 * - A key is never processed twice concurrently: if it is added during processing, it waits again after `done`.
 * - Delayed adds of one key are merged into the earliest one. An add without a delay does not cancel it.
 * - At most `maxKeys` keys exist at a time. Beyond that, every add returns false and the key is dropped: keys are levels,
 *   not events, so that the next resync adds it again.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #maxKeys: number;
  readonly #metrics: QueueMetrics | undefined;
  /** By key, since when. A Map keeps the order of insertion: the first key is the next. */
  readonly #waiting = new Map<string, number>();
  readonly #processing = new Map<string, number>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, Delayed>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<(key: string) => void>();
  #stopped = false;

  constructor(clock: Clock, random: Random, options: { readonly maxKeys: number; readonly metrics?: QueueMetrics | undefined }) {
    this.#clock = clock;
    this.#random = random;
    this.#maxKeys = options.maxKeys;
    this.#metrics = options.metrics;
  }

  /** Number of waiting keys, without delayed and processed ones. */
  get size(): number {
    return this.#waiting.size;
  }

  /** How long each key that is processed now has been processed, in ms. */
  get processingMs(): readonly number[] {
    return [...this.#processing.values()].map((sinceMs) => this.#clock.now() - sinceMs);
  }

  /** @returns false if the queue is full. */
  add(key: string): boolean {
    if (this.#stopped) return true;
    if (!this.#admits(key)) return false;
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return true;
    }
    if (this.#waiting.has(key)) return true;
    this.#waiting.set(key, this.#clock.now());
    this.#metrics?.added();
    this.#handOut();
    this.#metrics?.depth(this.#waiting.size);
    return true;
  }

  /**
   * Adds the key in `delayMs`. Of several delays of one key the earliest applies.
   * @returns false if the queue is full.
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
   * @returns false if the queue is full.
   */
  addWithBackoff(key: string): boolean {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics?.retried();
    return this.addAfter(key, fullJitterMs(failures, backoff, this.#random));
  }

  /** Resets the key's back-off: its next failure has a short delay again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, which the caller must return by `done`. Undefined once `signal` is aborted, even if keys wait. */
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

  /** Ends the processing of a key, successful or not. The key waits again if it was added meanwhile. */
  done(key: string): void {
    const sinceMs = this.#processing.get(key);
    if (sinceMs !== undefined) this.#metrics?.done(this.#clock.now() - sinceMs);
    this.#processing.delete(key);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Drops all waiting and delayed keys and ignores later adds, so that no timer outlives the owner. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    this.#metrics?.depth(0);
  }

  #admits(key: string): boolean {
    if (this.#waiting.has(key) || this.#processing.has(key) || this.#delayed.has(key)) return true;
    // A key that is both waiting and delayed counts twice, so that the limit is conservative.
    return this.#waiting.size + this.#processing.size + this.#delayed.size < this.#maxKeys;
  }

  #handOut(): void {
    const [take] = this.#takers;
    const [first] = this.#waiting;
    if (take === undefined || first === undefined) return;
    const [key, sinceMs] = first;
    const nowMs = this.#clock.now();
    this.#takers.delete(take);
    this.#waiting.delete(key);
    this.#processing.set(key, nowMs);
    this.#metrics?.taken(nowMs - sinceMs);
    this.#metrics?.depth(this.#waiting.size);
    take(key);
  }
}

interface Delayed {
  readonly dueMs: number;
  readonly timer: { cancel(): void };
}
