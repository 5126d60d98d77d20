/**
 * A worker that gave no answer to so many probes in a row, for so long, counts as dead, as when its machine is gone. The number
 * spares all sessions if this process was halted; the time, if the network fails at once and for a moment.
 */
const SILENT_PROBES = 4;
const SILENT_MS = 4_000;

/** Tells a worker that is silent for good from one that missed a probe. */
export class Liveness {
  #sinceMs = 0;
  #probes = 0;
  #dead = false;

  /** Whether the worker counts as dead. */
  get dead(): boolean {
    return this.#dead;
  }

  /** @param silent whether a probe that ended now (Unix time in ms) got no answer, nor a refusal. */
  probed(silent: boolean, nowMs: number): void {
    if (this.#probes === 0) this.#sinceMs = nowMs;
    this.#probes = silent ? this.#probes + 1 : 0;
    this.#dead = this.#probes >= SILENT_PROBES && nowMs - this.#sinceMs >= SILENT_MS;
  }
}
