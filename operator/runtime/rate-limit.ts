import type { Clock } from "./clock.ts";
import { ExpiringMap } from "./expiring-map.ts";

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Time in which an empty bucket fills up. */
  readonly windowMs: number;
  /** Most keys with a bucket; beyond that, the keys that were used longest ago start anew. */
  readonly maxKeys: number;
}

interface Bucket {
  readonly tokens: number;
  readonly countedMs: number;
}

/** A token bucket for each key. A key without a bucket has a full one. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #buckets: ExpiringMap<string, Bucket>;

  constructor(options: RateLimitOptions) {
    this.#options = options;
    this.#buckets = new ExpiringMap({ clock: options.clock, ttlMs: options.windowMs, max: options.maxKeys });
  }

  /**
   * Takes one token.
   * @param capacity tokens in a full bucket.
   * @returns 0, or the time in ms until the bucket has a token.
   */
  take(key: string, capacity: number): number {
    const { clock, windowMs } = this.#options;
    const nowMs = clock.now();
    const { tokens, countedMs } = this.#buckets.get(key) ?? { tokens: capacity, countedMs: nowMs };
    const filled = Math.min(capacity, tokens + ((nowMs - countedMs) * capacity) / windowMs);
    if (filled < 1) return ((1 - filled) * windowMs) / capacity;
    this.#buckets.set(key, { tokens: filled - 1, countedMs: nowMs });
    return 0;
  }
}
