/** Number of aborted launches that are compared. */
const REMEMBERED = 20;
/** Number of aborts after the same time that is no coincidence. */
const NEEDED = 5;
const TOLERANCE_MS = 1_000;
/** A client that aborts sooner did not run into a timeout. */
const MIN_WAIT_MS = 1_500;
const HINT_INTERVAL_MS = 600_000;

/** The sign of a proxy with a timeout that is too short. */
export interface CutHint {
  /** Seconds after which the connections were closed. */
  readonly afterSeconds: number;
  /** Number of launches aborted after that time, of the last `REMEMBERED` aborted ones. */
  readonly launches: number;
}

/**
 * Detects that clients repeatedly close connections at the same time after a launch's arrival: a proxy in front, or the client,
 * has a timeout that is shorter than the wait for a slot.
 */
export class ClientCuts {
  readonly #waitsMs: number[] = [];
  #silentUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * Records that a client closed its connection.
   * @param waitedMs time since the launch arrived.
   * @returns a hint for the log, at most once in ten minutes.
   */
  note(waitedMs: number, nowMs: number): CutHint | undefined {
    if (waitedMs < MIN_WAIT_MS) return undefined;
    this.#waitsMs.push(waitedMs);
    if (this.#waitsMs.length > REMEMBERED) this.#waitsMs.shift();
    const alike = this.#waitsMs.filter((otherMs) => Math.abs(otherMs - waitedMs) <= TOLERANCE_MS);
    if (alike.length < NEEDED || nowMs < this.#silentUntilMs) return undefined;
    this.#silentUntilMs = nowMs + HINT_INTERVAL_MS;
    const meanMs = alike.reduce((sum, otherMs) => sum + otherMs, 0) / alike.length;
    return { afterSeconds: Math.round(meanMs / 1_000), launches: alike.length };
  }
}
