import type { Clock } from "./clock.ts";
import { ExpiringMap } from "./expiring-map.ts";

export interface RateLimitOptions {
  readonly clock: Clock;
  /** Most that may happen at once for one key. */
  readonly burst: number;
  readonly perSecond: number;
  /** Most keys that are known; of more, those that were used longest ago begin anew. */
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
    const { clock, burst, perSecond, maxKeys } = options;
    this.#options = options;
    this.#buckets = new ExpiringMap({ clock, forMs: (burst / perSecond) * 1_000, max: maxKeys });
  }

  /** Takes one token of the key's; false if it has none. */
  take(key: string): boolean {
    const { clock, burst, perSecond } = this.#options;
    const nowMs = clock.now();
    const { tokens, countedMs } = this.#buckets.get(key) ?? { tokens: burst, countedMs: nowMs };
    const filled = Math.min(burst, tokens + ((nowMs - countedMs) * perSecond) / 1_000);
    if (filled < 1) return false;
    this.#buckets.set(key, { tokens: filled - 1, countedMs: nowMs });
    return true;
  }
}
