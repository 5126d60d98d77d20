import type { Clock } from "../../runtime/clock.ts";

const MINUTE_MS = 60_000;
/** More clients than this are at work only where someone makes them up; those at rest are forgotten first. */
const MAX_CLIENTS = 10_000;
/** A launch under way ends within minutes, but nobody knows when. */
const AT_ONCE_RETRY_MS = 1_000;

export interface Limits {
  readonly launchesPerMinute?: number | undefined;
  readonly launchesAtOnce?: number | undefined;
}

export type Entry =
  | { readonly kind: "entered"; readonly leave: () => void }
  | { readonly kind: "refused"; readonly limit: keyof Limits; readonly retryAfterMs: number };

interface Client {
  /** Launches that it may begin now; grows by `launchesPerMinute` a minute up to as many. */
  allowance: number;
  countedMs: number;
  underWay: number;
}

/** What one client may launch: a token bucket that holds a minute's launches, and a bound on those under way. */
export class ClientLimits {
  readonly #clock: Clock;
  readonly #clients = new Map<string, Client>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param key tells clients of all pools apart. `leave` must be called when the launch has ended. */
  enter(key: string, limits: Limits): Entry {
    const { launchesPerMinute = Number.POSITIVE_INFINITY, launchesAtOnce = Number.POSITIVE_INFINITY } = limits;
    const client = this.#refilled(key, launchesPerMinute);
    if (client.underWay >= launchesAtOnce) return { kind: "refused", limit: "launchesAtOnce", retryAfterMs: AT_ONCE_RETRY_MS };
    if (client.allowance < 1) {
      const retryAfterMs = ((1 - client.allowance) * MINUTE_MS) / launchesPerMinute;
      return { kind: "refused", limit: "launchesPerMinute", retryAfterMs };
    }
    client.allowance -= 1;
    client.underWay += 1;
    return { kind: "entered", leave: once(() => (client.underWay -= 1)) };
  }

  #refilled(key: string, perMinute: number): Client {
    const nowMs = this.#clock.now();
    const client = this.#clients.get(key) ?? this.#add(key, { allowance: perMinute, countedMs: nowMs, underWay: 0 });
    const gained = Number.isFinite(perMinute) ? ((nowMs - client.countedMs) * perMinute) / MINUTE_MS : perMinute;
    client.allowance = Math.min(perMinute, client.allowance + Math.max(0, gained));
    client.countedMs = nowMs;
    return client;
  }

  #add(key: string, client: Client): Client {
    if (this.#clients.size >= MAX_CLIENTS) {
      const rested = [...this.#clients].find(([, { underWay }]) => underWay === 0)?.[0];
      if (rested !== undefined) this.#clients.delete(rested);
    }
    this.#clients.set(key, client);
    return client;
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
