import type { Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { sleep } from "../runtime/sleep.ts";
import { type TaskState, taskState } from "../workers/answers.ts";
import type { WorkerClient } from "../workers/client.ts";

const POLL_MS = 100;
const POLL_TIMEOUT_MS = 2_000;
/** A session that does not run after this long is no start-up worth a figure. */
const LIMIT_MS = 120_000;
/** Sessions followed at once. Of more than these, some start-ups go unmeasured; none is served worse. */
const MAX_FOLLOWED = 500;

export interface StartedSession {
  readonly origin: string;
  /** Path of the session's task at the worker. */
  readonly path: string;
}

/** Follows new sessions at their workers until they run, to measure start-up. */
export class StartupWatch {
  readonly #client: WorkerClient;
  readonly #clock: Clock;
  #followed = 0;

  constructor(deps: { readonly client: WorkerClient; readonly clock: Clock }) {
    this.#client = deps.client;
    this.#clock = deps.clock;
  }

  /** @returns whether the session came to run; false also when that could not be learned. Never throws. */
  async runs(session: StartedSession, signal: AbortSignal): Promise<boolean> {
    if (this.#followed >= MAX_FOLLOWED) return false;
    this.#followed += 1;
    try {
      const untilMs = this.#clock.now() + LIMIT_MS;
      while (!signal.aborted && this.#clock.now() < untilMs) {
        const state = await this.#ask(session, signal);
        if (state === "running") return true;
        if (state === "ended") return false;
        await sleep(this.#clock, POLL_MS, signal);
      }
      return false;
    } finally {
      this.#followed -= 1;
    }
  }

  async #ask({ origin, path }: StartedSession, signal: AbortSignal): Promise<TaskState> {
    try {
      return taskState(
        await withDeadline(this.#clock, POLL_TIMEOUT_MS, (limited) => this.#client.get(origin, path, limited), signal),
      );
    } catch {
      // The next poll may succeed; the limit ends it otherwise.
      return "unknown";
    }
  }
}
