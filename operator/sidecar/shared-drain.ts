import type { DrainOutcome } from "./drain-hook.ts";

type Drain = (signal: AbortSignal) => Promise<DrainOutcome>;

/** Singleflight for drains: one drain of the worker at a time, shared by all callers. */
export class SharedDrain {
  readonly #drain: Drain;
  #waiting = 0;
  #current: { readonly outcome: Promise<DrainOutcome>; readonly stop: AbortController } | undefined;

  constructor(drain: Drain) {
    this.#drain = drain;
  }

  /** Waits for a drain that starts after this call. @returns `aborted` if the signal aborts first. */
  async wait(signal: AbortSignal): Promise<DrainOutcome> {
    if (signal.aborted) return "aborted";
    this.#waiting++;
    signal.addEventListener("abort", () => this.#leave(), { once: true });
    // A drain in progress may have missed a launch that arrived since its last check.
    if (this.#current !== undefined) await this.#current.outcome;
    if (signal.aborted) return "aborted";
    this.#current ??= this.#begin();
    return this.#current.outcome;
  }

  #leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#current?.stop.abort();
    this.#current = undefined;
  }

  #begin() {
    const stop = new AbortController();
    const outcome = this.#drain(stop.signal).finally(() => {
      if (this.#current?.stop === stop) this.#current = undefined;
    });
    return { outcome, stop };
  }
}
