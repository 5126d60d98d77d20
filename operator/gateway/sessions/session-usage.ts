import type { Used } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Worker } from "../workers/worker.ts";
import { poolOf } from "../workers/worker-table.ts";
import type { Session } from "./session-book.ts";

const MINUTE_MS = 60_000;

/** Number of minutes of a session that have begun by `untilMs`. The first one begins with the session. */
export function startedMinutes(sinceMs: number, untilMs: number): number {
  return Math.max(1, Math.ceil((untilMs - sinceMs) / MINUTE_MS));
}

export interface SessionUsageDeps {
  readonly clock: Clock;
  readonly used: (pool: string, engine: string, used: Used) => void;
}

/**
 * Counts the sessions on workers and their started minutes, each at one gateway: the gateway that launched a session counts the
 * session and its first minute, and the gateway whose share contains the worker counts the further minutes.
 *
 * Guarantees: while the set of gateways stays the same, a session counts exactly if its worker reports when it began and ended,
 * and else until the last list that contains it. Each gateway that starts, stops or fails may add or miss one minute per session.
 */
export class SessionUsage {
  readonly #deps: SessionUsageDeps;
  readonly #startedMs: number;
  readonly #launched = new WeakSet<Session>();

  constructor(deps: SessionUsageDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.now();
  }

  /** This gateway launched a session. */
  launched(session: Session): void {
    if (this.#launched.has(session)) return;
    this.#launched.add(session);
    this.launchedOn(session.worker);
  }

  /** The same for a session whose worker sent no id. */
  launchedOn(worker: Worker): void {
    this.#used(worker, { sessions: 1, minutes: 1 });
  }

  /** A session is first seen: other gateways have counted what began before. */
  seen(session: Session): void {
    if (session.minutes === 0) session.minutes = startedMinutes(this.#sinceMs(session), this.#startedMs);
  }

  /** A list that was requested at this time contains the session as live. */
  live(session: Session, atMs: number): void {
    this.#until(session, startedMinutes(this.#sinceMs(session), atMs));
  }

  ended(session: Session): void {
    const { durationMs } = session;
    if (durationMs === undefined) return;
    // A worker's clock must not add more than has passed.
    const passedMs = this.#deps.clock.now() - this.#sinceMs(session) + MINUTE_MS;
    this.#until(session, startedMinutes(0, Math.min(durationMs, passedMs)));
  }

  /** The worker's clock counts only for a session that is older than this gateway: clocks differ. */
  #sinceMs({ createdMs, firstSeenMs }: Session): number {
    return createdMs !== undefined && createdMs < this.#startedMs ? createdMs : firstSeenMs;
  }

  #until(session: Session, minutes: number): void {
    const further = minutes - session.minutes;
    if (further <= 0) return;
    session.minutes = minutes;
    if (session.worker.own) this.#used(session.worker, { sessions: 0, minutes: further });
  }

  #used({ record }: Worker, used: Used): void {
    this.#deps.used(poolOf(record), record.engine.name, used);
  }
}
