import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import { clientGone } from "../errors.ts";
import type { Served } from "./served.ts";

/** How long a repeated request gets the answer of a served launch: clients retry for seconds. */
const REMEMBER_MS = 60_000;
/** Limit of remembered answers: 500 launches per second for a minute. The oldest are dropped first. */
const MAX_REMEMBERED = 30_000;

interface SharedLaunch {
  readonly served: Promise<Served>;
  /** Aborts when all clients of the launch are gone. */
  readonly abandoned: AbortController;
  waiting: number;
}

export interface SingleflightDeps {
  readonly clock: Clock;
  /** Whether the session of a launch still runs. Never throws. */
  readonly stillRuns: (launch: string, served: Served) => Promise<boolean>;
}

/**
 * Runs a launch once for all requests with the same key. Requests while it is under way, or within a minute after it was served,
 * get the same answer. A remembered answer is used only if its session still runs. A launch that failed may be tried again. A
 * launch is abandoned only when all its clients are gone.
 */
export class Singleflight {
  readonly #deps: SingleflightDeps;
  readonly #underWay = new Map<string, SharedLaunch>();
  readonly #served: ExpiringMap<string, Served>;

  constructor(deps: SingleflightDeps) {
    this.#deps = deps;
    this.#served = new ExpiringMap({ clock: deps.clock, ttlMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  /** The result of a launch; waits while it is under way. Undefined if no session of it runs. Never throws. */
  async find(key: string): Promise<Served | undefined> {
    const shared = this.#underWay.get(key);
    return shared === undefined ? this.#recall(key) : await shared.served.catch(() => undefined);
  }

  /**
   * @param gone aborts when this client is gone.
   * @param begin starts the launch; its signal aborts when all clients are gone.
   * @throws the error of the launch; LaunchError `client_gone` if this client is gone first.
   */
  async run(
    key: string,
    gone: AbortSignal,
    begin: (abandoned: AbortSignal) => Promise<Served>,
  ): Promise<{ readonly served: Served; readonly repeated: boolean }> {
    const known = this.#underWay.has(key) ? undefined : await this.#recall(key);
    if (known !== undefined) return { served: known, repeated: true };
    const underWay = this.#underWay.get(key);
    const served = await this.#join(underWay ?? this.#begin(key, begin), gone);
    return { served, repeated: underWay !== undefined || !served.earned };
  }

  /** The answer of the last minute, if its session still runs. */
  async #recall(key: string): Promise<Served | undefined> {
    const known = this.#served.get(key);
    if (known === undefined || (await this.#deps.stillRuns(key, known))) return known;
    if (this.#served.get(key) === known) this.#served.delete(key);
    return undefined;
  }

  #begin(key: string, begin: (abandoned: AbortSignal) => Promise<Served>): SharedLaunch {
    const abandoned = new AbortController();
    const served = begin(abandoned.signal).then(
      (result) => {
        this.#underWay.delete(key);
        this.#served.set(key, result);
        return result;
      },
      (error: unknown) => {
        if (this.#underWay.get(key) === shared) this.#underWay.delete(key);
        throw error;
      },
    );
    const shared: SharedLaunch = { served, abandoned, waiting: 0 };
    this.#underWay.set(key, shared);
    return shared;
  }

  async #join(shared: SharedLaunch, gone: AbortSignal): Promise<Served> {
    const left = Promise.withResolvers<never>();
    const leave = (): void => {
      shared.waiting -= 1;
      if (shared.waiting === 0) shared.abandoned.abort();
      left.reject(clientGone());
    };
    shared.waiting += 1;
    if (gone.aborted) leave();
    else gone.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([shared.served, left.promise]);
    } finally {
      gone.removeEventListener("abort", leave);
    }
  }
}
