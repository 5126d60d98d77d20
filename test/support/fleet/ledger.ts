/** The sessions of a fleet by outcome. It is independent of the workers, so that it includes those of dead ones. */
export interface FleetTotals {
  /** Requests to `/launch`, regardless of the response. */
  readonly launches: number;
  /** Launches that a worker accepted: each is one session. */
  readonly served: number;
  readonly refused503: number;
  /** Sessions that ended normally: completed, stopped through the API, or timed out. */
  readonly sessionsEnded: number;
  /** Sessions that ended for another reason. {@link FleetTotals.kills} lists the reasons. */
  readonly sessionsKilled: number;
  /** The most recent kills, oldest first. */
  readonly kills: readonly Kill[];
}

export interface Kill {
  readonly pod: string;
  readonly roomName: string;
  readonly taskId: string;
  /** The reason for the worker's end. */
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

  /** Stops counting: the end of the fleet itself does not count as the end of its sessions. */
  close(): void {
    this.#closed = true;
  }

  get totals(): FleetTotals {
    return { ...this.#counts, kills: [...this.#kills] };
  }
}
