import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { WorkerClient } from "../../workers/client.ts";
import type { LaunchError } from "../errors.ts";
import { findSession, type SearchTarget, type SessionSearch } from "../sessions/find-session.ts";
import type { Worker } from "../workers/worker.ts";

/** How long a launch that may have begun is looked for before it is begun anew: clients retry for seconds. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1_000;

export interface Doubt {
  readonly worker: Worker;
  /** Its place among the launches of its room. */
  readonly ticket: number;
  readonly suspect: SearchTarget;
  readonly error: LaunchError;
}

/** A launch that had begun, as it was found out later. */
export type Settled = Doubt & { readonly search: Extract<SessionSearch, { kind: "found" }> };

/** Launches of which nobody knows whether they began: a retry looks for the session where it may run. */
export class Doubts {
  readonly #deps: { readonly client: WorkerClient; readonly clock: Clock };
  readonly #doubts: ExpiringMap<string, Doubt>;

  constructor(deps: { readonly client: WorkerClient; readonly clock: Clock }) {
    this.#deps = deps;
    this.#doubts = new ExpiringMap({ clock: deps.clock, forMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  note(key: string, doubt: Doubt): void {
    this.#doubts.set(key, doubt);
  }

  has(key: string): boolean {
    return this.#doubts.get(key) !== undefined;
  }

  /**
   * @returns the session that was found; undefined when there is none, and the launch may begin.
   * @throws the error with which the launch ended, when still nobody knows.
   */
  async settle(key: string): Promise<Settled | undefined> {
    const doubt = this.#doubts.get(key);
    if (doubt === undefined) return undefined;
    const search = await findSession(this.#deps, doubt.suspect);
    if (search.kind === "unknown") throw doubt.error;
    // From here on the answer is remembered with its session, or the launch begins.
    this.#doubts.delete(key);
    return search.kind === "found" ? { ...doubt, search } : undefined;
  }
}
