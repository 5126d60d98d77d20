import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { WorkerAccess } from "../../workers/client.ts";
import type { LaunchError } from "../errors.ts";
import { findSession, type SearchTarget, type SessionSearch } from "../sessions/find-session.ts";
import type { Worker } from "../workers/worker.ts";

/** How long a retry searches for the session of an earlier attempt before it begins a new one: clients retry for seconds. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1_000;

/** A launch whose answer was lost. */
export interface Doubt {
  readonly worker: Worker;
  /** Its position among the launches of its room. */
  readonly ticket: number;
  readonly target: SearchTarget;
  /** Ends the launch if the search finds nothing out. */
  readonly error: LaunchError;
}

export type ResolvedDoubt = Doubt & { readonly search: Extract<SessionSearch, { kind: "found" }> };

/** Launches whose outcome is unknown. A retry searches the worker for the session. */
export class Doubts {
  readonly #deps: WorkerAccess;
  readonly #doubts: ExpiringMap<string, Doubt>;

  constructor(deps: WorkerAccess) {
    this.#deps = deps;
    this.#doubts = new ExpiringMap({ clock: deps.clock, ttlMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  /** Searches the worker. Never throws. */
  search({ target }: Doubt): Promise<SessionSearch> {
    return findSession(this.#deps, target);
  }

  note(key: string, doubt: Doubt): void {
    this.#doubts.set(key, doubt);
  }

  has(key: string): boolean {
    return this.#doubts.get(key) !== undefined;
  }

  /**
   * @returns the session of an earlier attempt; undefined if there is none, and the launch may begin.
   * @throws the error of the earlier attempt if its outcome is still unknown.
   */
  async resolve(key: string): Promise<ResolvedDoubt | undefined> {
    const doubt = this.#doubts.get(key);
    if (doubt === undefined) return undefined;
    const search = await this.search(doubt);
    if (search.kind === "unknown") throw doubt.error;
    // The singleflight remembers the answer from now on, or the launch begins.
    this.#doubts.delete(key);
    return search.kind === "found" ? { ...doubt, search } : undefined;
  }
}
