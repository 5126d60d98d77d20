import type { Clock } from "../../runtime/clock.ts";
import { KeyCounter } from "../../runtime/key-counter.ts";
import { RateLimit } from "../../runtime/rate-limit.ts";

/** Limit on tracked clients: more active ones are not real. */
const MAX_CLIENTS = 10_000;
/** A launch under way ends within minutes; the exact time is unknown. */
const AT_ONCE_RETRY_MS = 1_000;

export interface Limits {
  readonly launchesPerMinute?: number | undefined;
  readonly launchesAtOnce?: number | undefined;
}

export type ClientLimit =
  | { readonly kind: "entered"; readonly leave: () => void }
  | { readonly kind: "refused"; readonly limit: keyof Limits; readonly retryAfterMs: number };

/** Limits the launches of each client: those of a minute, by a token bucket, and those under way. */
export class ClientLimits {
  readonly #perMinute: RateLimit;
  readonly #underWay = new KeyCounter();

  constructor(clock: Clock) {
    this.#perMinute = new RateLimit({ clock, windowMs: 60_000, maxKeys: MAX_CLIENTS });
  }

  /** @param key of a client, unique among all pools. Call `leave` when the launch has ended. */
  enter(key: string, { launchesPerMinute, launchesAtOnce = Number.POSITIVE_INFINITY }: Limits): ClientLimit {
    if (this.#underWay.of(key) >= launchesAtOnce) {
      return { kind: "refused", limit: "launchesAtOnce", retryAfterMs: AT_ONCE_RETRY_MS };
    }
    const retryAfterMs = launchesPerMinute === undefined ? 0 : this.#perMinute.take(key, launchesPerMinute);
    if (retryAfterMs > 0) return { kind: "refused", limit: "launchesPerMinute", retryAfterMs };
    this.#underWay.add(key, 1);
    return { kind: "entered", leave: once(() => this.#underWay.add(key, -1)) };
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
