import { withDeadline } from "../../runtime/deadline.ts";
import { KeyCounter } from "../../runtime/key-counter.ts";
import { type TaskState, taskState, type WorkerAnswer } from "../../workers/answers.ts";
import type { WorkerAccess } from "../../workers/client.ts";

/** Interval between two queries of a starting session: a share of its age, with a minimum. */
const QUERY_SHARE = 0.1;
const MIN_QUERY_MS = 250;
const QUERY_TIMEOUT_MS = 2_000;
/** A session that does not run by then is not measured. */
const LIMIT_MS = 120_000;
/**
 * Limits of the sessions of a pool that are followed at once: for their measurement alone, and in total. Beyond the first limit a
 * sample is measured: with start-ups of 4 s, eight per second. A query costs a good part of the cost of a launch.
 */
const MAX_SAMPLED = 32;
const MAX_FOLLOWED = 500;

export interface FollowedSession {
  readonly pool: string;
  readonly origin: string;
  /** Path of the session's task at the worker. */
  readonly path: string;
  /** The answer with which the worker accepted the launch. */
  readonly answer: WorkerAnswer;
  /** Whether more than the measurement depends on it. */
  readonly needed: boolean;
}

/**
 * Queries new sessions at their workers until they run, to measure their start-up. The result is the middle between the last two
 * queries. For a start-up of 4 s it takes 15 queries, and the error is at most 0.2 s in either direction.
 */
export class StartupWatch {
  readonly #deps: WorkerAccess;
  readonly #pauses = new Set<{ cancel(): void }>();
  /** By pool. */
  readonly #followed = new KeyCounter();
  #stopped = false;

  constructor(deps: WorkerAccess) {
    this.#deps = deps;
  }

  /** @returns the Unix time in ms at which the session started to run; undefined if it is unknown. Never throws. */
  async ran(session: FollowedSession): Promise<number | undefined> {
    const begunMs = this.#deps.clock.now();
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

  /** Ends all queries: their results are undefined. */
  stop(): void {
    this.#stopped = true;
    for (const pause of this.#pauses) pause.cancel();
  }

  async #follow(session: FollowedSession, begunMs: number): Promise<number | undefined> {
    let queriedMs = begunMs;
    while (!this.#stopped && queriedMs - begunMs < LIMIT_MS) {
      await this.#pause(Math.max(MIN_QUERY_MS, (queriedMs - begunMs) * QUERY_SHARE));
      const nowMs = this.#deps.clock.now();
      const state = await this.#query(session);
      if (state === "running") return Math.round((queriedMs + nowMs) / 2);
      if (state === "ended") return undefined;
      queriedMs = nowMs;
    }
    return undefined;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const pause = this.#deps.clock.schedule(delayMs, () => {
        this.#pauses.delete(pause);
        resolve();
      });
      this.#pauses.add(pause);
    });
  }

  async #query({ origin, path }: FollowedSession): Promise<TaskState> {
    const { client, clock } = this.#deps;
    try {
      return taskState(await withDeadline(clock, QUERY_TIMEOUT_MS, (signal) => client.get(origin, path, signal)));
    } catch {
      // The next query may succeed; otherwise the limit ends the measurement.
      return "unknown";
    }
  }
}
