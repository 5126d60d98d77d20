import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { KeyCounter } from "../../runtime/key-counter.ts";
import { type TaskState, taskState, type WorkerAnswer } from "../../workers/answers.ts";
import type { WorkerClient } from "../../workers/client.ts";

/** Between two looks at a session that is starting: a share of the time that it has taken so far, and this at least. */
const LOOK_SHARE = 0.1;
const MIN_LOOK_MS = 250;
const LOOK_TIMEOUT_MS = 2_000;
/** A session that does not run after this long is no start-up worth a figure. */
const LIMIT_MS = 120_000;
/**
 * Sessions of a pool that are followed at once for their figure alone, and in all. Of more, a sample is measured: of start-ups of
 * 4 s eight a second, whatever the number of launches. Each look costs a good part of what a launch does.
 */
const MAX_SAMPLED = 32;
const MAX_FOLLOWED = 500;

export interface FollowedSession {
  /** Key of its pool. */
  readonly pool: string;
  readonly origin: string;
  /** Path of the session's task at the worker. */
  readonly path: string;
  /** With which the worker took it. */
  readonly answer: WorkerAnswer;
  /** Whether more depends on it than a figure. */
  readonly needed: boolean;
}

/**
 * Follows new sessions at their workers until they run, to measure start-up. A session is taken to have come to run halfway
 * between the last two looks: of 4 s this is off by 0.2 s at most, as often early as late, for 15 looks.
 */
export class StartupWatch {
  readonly #client: WorkerClient;
  readonly #clock: Clock;
  readonly #pauses = new Set<{ cancel(): void }>();
  /** By pool. */
  readonly #followed = new KeyCounter();
  #stopped = false;

  constructor(deps: { readonly client: WorkerClient; readonly clock: Clock }) {
    this.#client = deps.client;
    this.#clock = deps.clock;
  }

  /** @returns when the session came to run (Unix time in ms); undefined when that could not be learned. Never throws. */
  async ran(session: FollowedSession): Promise<number | undefined> {
    const begunMs = this.#clock.now();
    if (taskState(session.answer) === "running") return begunMs;
    const { pool, needed } = session;
    if (this.#followed.of(pool) >= (needed ? MAX_FOLLOWED : MAX_SAMPLED)) return undefined;
    this.#followed.add(pool, 1);
    try {
      return await this.#follow(session, begunMs);
    } finally {
      this.#followed.add(pool, -1);
    }
  }

  /** Ends all looks; whoever waits for one learns nothing more. */
  stop(): void {
    this.#stopped = true;
    for (const pause of this.#pauses) pause.cancel();
  }

  async #follow(session: FollowedSession, begunMs: number): Promise<number | undefined> {
    let lookedMs = begunMs;
    while (!this.#stopped && lookedMs - begunMs < LIMIT_MS) {
      await this.#pause(lookPauseMs(lookedMs - begunMs));
      const nowMs = this.#clock.now();
      const state = await this.#look(session);
      if (state === "running") return Math.round((lookedMs + nowMs) / 2);
      if (state === "ended") return undefined;
      lookedMs = nowMs;
    }
    return undefined;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const pause = this.#clock.schedule(delayMs, () => {
        this.#pauses.delete(pause);
        resolve();
      });
      this.#pauses.add(pause);
    });
  }

  async #look({ origin, path }: FollowedSession): Promise<TaskState> {
    try {
      return taskState(await withDeadline(this.#clock, LOOK_TIMEOUT_MS, (signal) => this.#client.get(origin, path, signal)));
    } catch {
      // The next look may succeed; the limit ends it otherwise.
      return "unknown";
    }
  }
}

/** Time until the next look at a session that was taken so long ago, in ms. */
function lookPauseMs(ageMs: number): number {
  return Math.max(MIN_LOOK_MS, ageMs * LOOK_SHARE);
}
