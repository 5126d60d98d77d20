import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import type { WorkerClient } from "../../workers/client.ts";
import { fateOf, type Suspect } from "./fate.ts";
import type { LaunchError } from "./launch-error.ts";

/** How long a launch that may have begun is looked for before it is begun anew: clients retry for seconds. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1_000;

interface Doubt {
  readonly suspect: Suspect;
  readonly error: LaunchError;
}

/** Launches of which nobody knows whether they began: a retry looks for the session where it may run. */
export class Doubts {
  readonly #deps: { readonly client: WorkerClient; readonly clock: Clock };
  readonly #doubts: ExpiringMap<string, Doubt>;

  constructor(deps: { readonly client: WorkerClient; readonly clock: Clock }) {
    this.#deps = deps;
    this.#doubts = new ExpiringMap({ clock: deps.clock, forMs: REMEMBER_MS, max: MAX_REMEMBERED });
  }

  note(key: string, suspect: Suspect, error: LaunchError): void {
    this.#doubts.set(key, { suspect, error });
  }

  has(key: string): boolean {
    return this.#doubts.get(key) !== undefined;
  }

  /**
   * @returns the answer of the session that was found; undefined when there is none, and the launch may begin.
   * @throws the error with which the launch ended, when still nobody knows.
   */
  async settle(key: string): Promise<WorkerAnswer | undefined> {
    const doubt = this.#doubts.get(key);
    if (doubt === undefined) return undefined;
    const fate = await fateOf(this.#deps, doubt.suspect);
    if (fate.kind === "unknown") throw doubt.error;
    if (fate.kind === "begun") return fate.answer;
    this.#doubts.delete(key);
    return undefined;
  }
}
