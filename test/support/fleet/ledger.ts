/** What happened to the sessions of a whole fleet. Outlives the workers, so that a dead one still counts. */
export interface FleetTotals {
  /** Requests to `/launch`, whatever their answer. */
  readonly launches: number;
  /** Launches that a worker accepted: each is one session. */
  readonly served: number;
  readonly refused503: number;
  /** Sessions that reached their own end: over, stopped through the API, or timed out. */
  readonly sessionsEnded: number;
  /** Sessions that ended for another reason. {@link FleetTotals.kills} lists the reasons. */
  readonly sessionsKilled: number;
  /** The latest kills, oldest first. */
  readonly kills: readonly Kill[];
}

export interface Kill {
  readonly pod: string;
  readonly roomName: string;
  readonly taskId: string;
  /** Who ended the worker and why. */
  readonly reason: string;
  /** Unix time in ms. */
  readonly atMs: number;
}

const KILLS_KEPT = 1_000;

export class Ledger {
  #counts = { launches: 0, served: 0, refused503: 0, sessionsEnded: 0, sessionsKilled: 0 };
  #kills: Kill[] = [];

  #closed = false;

  count(what: "launches" | "served" | "refused503" | "sessionsEnded"): void {
    if (!this.#closed) this.#counts[what] += 1;
  }

  killed(kill: Kill): void {
    if (this.#closed) return;
    this.#counts.sessionsKilled += 1;
    this.#kills.push(kill);
    if (this.#kills.length > KILLS_KEPT) this.#kills.shift();
  }

  /** Nothing counts from now on: the end of the fleet itself is no event of the sessions. */
  close(): void {
    this.#closed = true;
  }

  get totals(): FleetTotals {
    return { ...this.#counts, kills: [...this.#kills] };
  }
}
