import { percentile } from "../percentile.ts";

/** Number of latest workers that count. */
const KEPT = 32;
/** A worker that takes longer than this multiple of the expected time was warmed a second time. */
const IMPLAUSIBLE = 10;

export interface SavedTimeToWarm {
  readonly seconds: readonly number[];
}

/** The time from the creation of a worker until it is warm: 95th percentile of the latest workers of a group. */
export class TimeToWarm {
  readonly #seconds: number[];
  /** Workers that were counted and still exist. */
  #seen = new Set<string>();

  constructor(saved?: SavedTimeToWarm) {
    this.#seconds = [...(saved?.seconds ?? [])].slice(-KEPT);
  }

  /** @param workers UIDs of the workers that are warm now, each with its time-to-warm in seconds. */
  see(workers: ReadonlyMap<string, number>, expectedS: number): void {
    for (const [uid, seconds] of workers) {
      if (this.#seen.has(uid) || seconds <= 0 || seconds > expectedS * IMPLAUSIBLE) continue;
      this.#seconds.push(seconds);
      if (this.#seconds.length > KEPT) this.#seconds.shift();
    }
    this.#seen = new Set(workers.keys());
  }

  /** Undefined before the first observation. */
  get p95S(): number | undefined {
    const ascending = this.#seconds.toSorted((a, b) => a - b);
    return ascending.length === 0 ? undefined : percentile(ascending, 0.95);
  }

  save(): SavedTimeToWarm {
    return { seconds: this.#seconds.map((seconds) => Math.round(seconds * 10) / 10) };
  }
}
