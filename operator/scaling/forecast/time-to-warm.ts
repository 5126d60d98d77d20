import { percentile } from "../percentile.ts";

/** The latest workers count. */
const KEPT = 32;
/** Beyond so many times what is expected, a worker did not take long to start: it was warmed again. */
const IMPLAUSIBLE = 10;

export interface SavedTimeToWarm {
  readonly seconds: readonly number[];
}

/** How long workers of a group take from their creation until they are warm: the 95th percentile of the latest. */
export class TimeToWarm {
  readonly #seconds: number[];
  /** Workers that are counted already; those that are gone are dropped. */
  #seen = new Set<string>();

  constructor(saved?: SavedTimeToWarm) {
    this.#seconds = [...(saved?.seconds ?? [])].slice(-KEPT);
  }

  /** @param workers those that are warm now, by UID, with the seconds that it took. */
  see(workers: ReadonlyMap<string, number>, expectedS: number): void {
    for (const [uid, seconds] of workers) {
      if (this.#seen.has(uid) || seconds <= 0 || seconds > expectedS * IMPLAUSIBLE) continue;
      this.#seconds.push(seconds);
      if (this.#seconds.length > KEPT) this.#seconds.shift();
    }
    this.#seen = new Set(workers.keys());
  }

  /** Undefined while nobody was seen to become warm. */
  get p95S(): number | undefined {
    return this.#seconds.length === 0
      ? undefined
      : percentile(
          [...this.#seconds].sort((a, b) => a - b),
          0.95,
        );
  }

  save(): SavedTimeToWarm {
    return { seconds: this.#seconds.map((seconds) => Math.round(seconds * 10) / 10) };
  }
}
