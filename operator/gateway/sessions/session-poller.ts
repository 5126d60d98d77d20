import { withDeadline } from "../../runtime/deadline.ts";
import { sessionsIn, tasksIn } from "../../workers/answers.ts";
import { type WorkerAccess, WorkerUnreachable } from "../../workers/client.ts";
import type { Worker } from "../workers/worker.ts";
import { isLive, type SessionBook } from "./session-book.ts";

const LIST_TIMEOUT_MS = 1_500;
/** Age at which a list is requested again if nothing suggests a change. */
const REFRESH_MS = 15_000;
/** The same if the worker's session count has changed since, or if the worker is not ready. */
const CHANGED_MS = 1_000;
/** Lists that one round requests; a round runs every second. */
const LISTS_PER_ROUND = 40;

class PollState {
  /** When a list was last requested (Unix time in ms). */
  requestedMs = Number.NEGATIVE_INFINITY;
  /** Sessions that the worker counted when the last list arrived. */
  counted: number | undefined;
  /** The worker is not ready, and a list was requested since then. */
  down = false;
  /** The worker was not ready at some time since its last list. */
  restarted = false;
  request: Promise<boolean> | undefined;
  /** The worker's pod was removed. */
  gone = false;
}

export interface SessionPollerDeps extends WorkerAccess {
  readonly book: SessionBook;
  /** Called after the poller corrected a worker's session count: slots, or sessions below the pool's limit, may be free. */
  readonly onRecounted: (worker: Worker) => void;
}

/**
 * Polls workers for their lists of sessions, and workers that run jobs for the number of these. It polls only workers with sessions: within a second if the session count changed,
 * every 15 s otherwise. All polls share a fixed rate, so that with very many workers each is polled less often.
 */
export class SessionPoller {
  readonly #deps: SessionPollerDeps;
  readonly #states = new WeakMap<Worker, PollState>();

  constructor(deps: SessionPollerDeps) {
    this.#deps = deps;
  }

  async round(workers: Iterable<Worker>): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const due: { readonly worker: Worker; readonly requestedMs: number }[] = [];
    for (const worker of workers) {
      if (worker.reservations.sessions === 0 && this.#deps.book.countOn(worker) === 0) continue;
      // The probe of a ready worker counts its jobs.
      if (worker.record.engine.jobs !== undefined && worker.ready) continue;
      const { requestedMs, counted } = this.#stateOf(worker);
      const waitMs = worker.ready && counted === worker.reservations.sessions ? REFRESH_MS : CHANGED_MS;
      if (nowMs - requestedMs >= waitMs) due.push({ worker, requestedMs });
    }
    due.sort((a, b) => a.requestedMs - b.requestedMs);
    await Promise.all(due.slice(0, LISTS_PER_ROUND).map(({ worker }) => this.poll(worker)));
  }

  /**
   * The readiness of a worker changed. A worker that is no longer ready is polled at once if it has sessions. The sessions of a
   * dead worker are lost; if the worker answers again, its list of tasks restores them.
   */
  changed(worker: Worker): void {
    const state = this.#stateOf(worker);
    if (worker.ready) state.down = false;
    if (worker.dead) {
      this.#deps.book.lost(worker);
      this.#recount(worker, worker.probeStarts(), 0);
      return;
    }
    const { reservations, record } = worker;
    const known = record.engine.jobs === undefined ? this.#deps.book.countOn(worker) : reservations.sessions;
    if (worker.ready || state.down || known === 0) return;
    state.down = true;
    state.restarted = true;
    void this.poll(worker);
  }

  /** The worker's pod was removed: its sessions are lost. */
  gone(worker: Worker): void {
    this.#stateOf(worker).gone = true;
    this.#deps.book.lost(worker);
  }

  /** Polls a worker. Concurrent calls share one request. Never throws. @returns whether the worker answered. */
  poll(worker: Worker): Promise<boolean> {
    const state = this.#stateOf(worker);
    state.request ??= this.#request(worker, state).finally(() => {
      state.request = undefined;
    });
    return state.request;
  }

  async #request(worker: Worker, state: PollState): Promise<boolean> {
    const { clock, client, book } = this.#deps;
    const { origin, record } = worker;
    if (origin === undefined) return false;
    const requestedMs = clock.now();
    const startedAt = worker.probeStarts();
    state.requestedMs = requestedMs;
    const { launches, paths } = record.engine;
    const path = launches?.tasks ?? paths.sessions;
    try {
      const answer = await withDeadline(clock, LIST_TIMEOUT_MS, (signal) => client.get(origin, path, signal));
      if (launches === undefined) return this.#counted(worker, startedAt, sessionsIn(answer, record.engine));
      const tasks = tasksIn(answer);
      if (tasks === undefined || state.gone) return false;
      book.listed(worker, tasks, { requestedMs, restarted: state.restarted });
      state.counted = worker.reservations.sessions;
      state.restarted = !worker.ready;
      // While a worker restarts, its ready path reports no count.
      if (!worker.ready) this.#recount(worker, startedAt, tasks.filter(isLive).length);
      return true;
    } catch (error) {
      if (state.gone) return false;
      if (error instanceof WorkerUnreachable && error.refused) {
        book.lost(worker);
        this.#recount(worker, startedAt, 0);
      }
      return false;
    }
  }

  /** Workers that run jobs report only their number. */
  #counted(worker: Worker, startedAt: number, jobs: number | undefined): boolean {
    if (jobs === undefined || this.#stateOf(worker).gone) return false;
    this.#recount(worker, startedAt, jobs);
    return true;
  }

  /** Sessions that have ended must not count against `limits.maxSessions` until the worker is ready again. */
  #recount(worker: Worker, startedAt: number, sessions: number): void {
    if (worker.reservations.sessions === sessions) return;
    worker.reservations.count(startedAt, { sessions, slots: worker.reservations.slots });
    this.#deps.onRecounted(worker);
  }

  #stateOf(worker: Worker): PollState {
    const state = this.#states.get(worker) ?? new PollState();
    this.#states.set(worker, state);
    return state;
  }
}
