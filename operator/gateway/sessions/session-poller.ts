import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { tasksIn } from "../../workers/answers.ts";
import { type WorkerClient, WorkerUnreachable } from "../../workers/client.ts";
import type { Worker } from "../workers/worker.ts";
import { isLive, type SessionBook } from "./session-book.ts";

const LIST_TIMEOUT_MS = 1_500;
/** How old a list may be while nothing hints at a change. */
const REFRESH_MS = 15_000;
/** How old it may be where the worker's own count has changed since, or where it is down. */
const CHANGED_MS = 1_000;
/** Lists asked for in one round: a round comes every second. */
const LISTS_PER_ROUND = 40;

interface PollState {
  /** When a list was last asked for. */
  askedMs: number;
  /** Sessions by the worker's own count when the last list came. */
  counted: number | undefined;
  /** The worker is not ready, and was asked for its list since. */
  down: boolean;
  /** It was not ready at some time since its last list. */
  restarted: boolean;
  asking: Promise<boolean> | undefined;
  /** Its pod is gone. */
  gone: boolean;
}

export interface SessionPollerDeps {
  readonly clock: Clock;
  readonly client: WorkerClient;
  readonly book: SessionBook;
  /** Called when a worker's sessions were counted anew: slots, or room below the session limit, may be free. */
  readonly onRecounted: (worker: Worker) => void;
}

/**
 * Learns from workers which sessions they have. Only workers with sessions are asked: those whose count has changed within a
 * second, others every 15 s, and all together within a fixed budget, so that with very many workers each is asked more seldom.
 */
export class SessionPoller {
  readonly #deps: SessionPollerDeps;
  readonly #states = new WeakMap<Worker, PollState>();

  constructor(deps: SessionPollerDeps) {
    this.#deps = deps;
  }

  /** Asks those of these workers that should be asked now. */
  async round(workers: Iterable<Worker>): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const due: { readonly worker: Worker; readonly askedMs: number }[] = [];
    for (const worker of workers) {
      if (worker.reservations.sessions === 0 && this.#deps.book.countOn(worker) === 0) continue;
      const { askedMs, counted } = this.#stateOf(worker);
      const waitMs = worker.ready && counted === worker.reservations.sessions ? REFRESH_MS : CHANGED_MS;
      if (nowMs - askedMs >= waitMs) due.push({ worker, askedMs });
    }
    due.sort((a, b) => a.askedMs - b.askedMs);
    await Promise.all(due.slice(0, LISTS_PER_ROUND).map(({ worker }) => this.poll(worker)));
  }

  /**
   * A worker became ready or ceased to be: where it has sessions, it is asked at once what became of them. Those of one that is
   * dead are lost; if it answers again after all, its list of tasks revives them.
   */
  changed(worker: Worker): void {
    const state = this.#stateOf(worker);
    if (worker.ready) state.down = false;
    if (worker.dead) {
      this.#deps.book.lost(worker);
      this.#recount(worker, worker.probeBegins(), 0);
      return;
    }
    if (worker.ready || state.down || this.#deps.book.countOn(worker) === 0) return;
    state.down = true;
    state.restarted = true;
    void this.poll(worker);
  }

  /** The worker's pod is gone, and its sessions with it. */
  gone(worker: Worker): void {
    this.#stateOf(worker).gone = true;
    this.#deps.book.lost(worker);
  }

  /** Asks a worker for its sessions. Whoever asks while it is being asked gets the same. @returns whether it answered. */
  poll(worker: Worker): Promise<boolean> {
    const state = this.#stateOf(worker);
    state.asking ??= this.#ask(worker, state).finally(() => {
      state.asking = undefined;
    });
    return state.asking;
  }

  async #ask(worker: Worker, state: PollState): Promise<boolean> {
    const { clock, client, book } = this.#deps;
    const { origin, record } = worker;
    if (origin === undefined) return false;
    const askedMs = clock.now();
    const moment = worker.probeBegins();
    state.askedMs = askedMs;
    try {
      const answer = await withDeadline(clock, LIST_TIMEOUT_MS, (signal) => client.get(origin, record.engine.paths.tasks, signal));
      const tasks = tasksIn(answer);
      if (tasks === undefined || state.gone) return false;
      book.listed(worker, tasks, { askedMs, restarted: state.restarted });
      state.counted = worker.reservations.sessions;
      state.restarted = !worker.ready;
      // Its ready path has no count to tell while it starts anew.
      if (!worker.ready) this.#recount(worker, moment, tasks.filter(isLive).length);
      return true;
    } catch (error) {
      if (state.gone) return false;
      const dead = error instanceof WorkerUnreachable && error.refused;
      if (dead) {
        book.lost(worker);
        this.#recount(worker, moment, 0);
      }
      return false;
    }
  }

  /** Sessions that are gone must not count against `limits.maxSessions` until the worker is back. */
  #recount(worker: Worker, moment: number, sessions: number): void {
    if (worker.reservations.sessions === sessions) return;
    worker.reservations.count(moment, { sessions, slots: worker.reservations.slots });
    this.#deps.onRecounted(worker);
  }

  #stateOf(worker: Worker): PollState {
    const known = this.#states.get(worker);
    if (known !== undefined) return known;
    const state: PollState = {
      askedMs: Number.NEGATIVE_INFINITY,
      counted: undefined,
      down: false,
      restarted: false,
      asking: undefined,
      gone: false,
    };
    this.#states.set(worker, state);
    return state;
  }
}
