import type { Clock } from "../runtime/clock.ts";
import type { WorkerAnswer } from "../workers/answers.ts";
import type { WorkerClient } from "../workers/client.ts";
import { fateOf, type Suspect } from "./fate.ts";
import type { LaunchError } from "./launch-error.ts";

/** How long a launch that may have begun is looked for before it is begun anew: clients retry for seconds. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1_000;

interface Doubt {
  readonly suspect: Suspect;
  readonly error: LaunchError;
  readonly untilMs: number;
}

/** Launches of which nobody knows whether they began: a retry looks for the session where it may run. */
export class Doubts {
  readonly #deps: { readonly client: WorkerClient; readonly clock: Clock };
  /** Oldest first. */
  readonly #doubts = new Map<string, Doubt>();

  constructor(deps: { readonly client: WorkerClient; readonly clock: Clock }) {
    this.#deps = deps;
  }

  note(key: string, suspect: Suspect, error: LaunchError): void {
    this.#doubts.delete(key);
    this.#doubts.set(key, { suspect, error, untilMs: this.#deps.clock.now() + REMEMBER_MS });
    const [oldest] = this.#doubts.keys();
    if (this.#doubts.size > MAX_REMEMBERED && oldest !== undefined) this.#doubts.delete(oldest);
  }

  has(key: string): boolean {
    return (this.#doubts.get(key)?.untilMs ?? 0) > this.#deps.clock.now();
  }

  /**
   * @returns the answer of the session that was found; undefined when there is none, and the launch may begin.
   * @throws the error with which the launch ended, when still nobody knows.
   */
  async settle(key: string): Promise<WorkerAnswer | undefined> {
    const doubt = this.#doubts.get(key);
    if (doubt === undefined) return undefined;
    if (doubt.untilMs > this.#deps.clock.now()) {
      const fate = await fateOf(this.#deps, doubt.suspect);
      if (fate.kind === "unknown") throw doubt.error;
      if (fate.kind === "begun") return fate.answer;
    }
    this.#doubts.delete(key);
    return undefined;
  }
}
