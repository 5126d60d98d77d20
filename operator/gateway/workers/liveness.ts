/**
 * A worker counts as dead after this many silent probes in a row over at least this time. The number protects sessions if this
 * process was suspended; the time protects them during a short network failure.
 */
const SILENT_PROBES = 4;
const SILENT_MS = 4_000;

/** Distinguishes a dead worker from one that missed a probe. */
export class Liveness {
  #sinceMs = 0;
  #probes = 0;
  #dead = false;

  get dead(): boolean {
    return this.#dead;
  }

  /** @param silent whether the probe that ended at `nowMs` (Unix time) got neither an answer nor a refused connection. */
  probed(silent: boolean, nowMs: number): void {
    if (this.#probes === 0) this.#sinceMs = nowMs;
    this.#probes = silent ? this.#probes + 1 : 0;
    this.#dead = this.#probes >= SILENT_PROBES && nowMs - this.#sinceMs >= SILENT_MS;
  }
}
