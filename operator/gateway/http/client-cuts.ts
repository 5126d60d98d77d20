/** Launches whose client went away and that are compared. */
const REMEMBERED = 20;
/** So many of them at the same time after their arrival are no chance. */
const NEEDED = 5;
const TOLERANCE_MS = 1_000;
/** A client that gives up sooner did not wait for anything: it was stopped, or never meant to wait. */
const MIN_WAIT_MS = 1_500;
/** Between two hints. */
const SILENCE_MS = 600_000;

/** What a proxy with a timeout looks like from here. */
export interface CutHint {
  /** After so many seconds the client's side was closed. */
  readonly afterSeconds: number;
  /** Launches that were cut so, of the last `REMEMBERED` whose client went away. */
  readonly launches: number;
}

/**
 * Notices that connections are closed from the client's side at the same time after a launch's arrival, again and again: a
 * proxy in front, or the client, has a timeout that is shorter than launches may wait.
 */
export class ClientCuts {
  readonly #waitsMs: number[] = [];
  #silentUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * A client went away.
   * @param waitedMs since its launch arrived.
   * @returns what to tell, once in ten minutes at most.
   */
  note(waitedMs: number, nowMs: number): CutHint | undefined {
    if (waitedMs < MIN_WAIT_MS) return undefined;
    this.#waitsMs.push(waitedMs);
    if (this.#waitsMs.length > REMEMBERED) this.#waitsMs.shift();
    const alike = this.#waitsMs.filter((otherMs) => Math.abs(otherMs - waitedMs) <= TOLERANCE_MS);
    if (alike.length < NEEDED || nowMs < this.#silentUntilMs) return undefined;
    this.#silentUntilMs = nowMs + SILENCE_MS;
    const meanMs = alike.reduce((sum, otherMs) => sum + otherMs, 0) / alike.length;
    return { afterSeconds: Math.round(meanMs / 1_000), launches: alike.length };
  }
}
