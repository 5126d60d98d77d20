/** What a failed launch says about the worker. */
export type Failure =
  /** 503 at_capacity. */
  | "full"
  /** 503 not_ready, or a refused connection. */
  | "not-ready"
  /** The connection broke after the launch was sent, or the answer made no sense. */
  | "broken"
  /** No answer in time: it hangs. */
  | "timed-out";

/** Refusals in a row after which a worker's probes are no longer taken at their word. Before, they are mere races. */
const REFUSALS_FORGIVEN = 3;
const FIRST_PAUSE_MS: Readonly<Record<Failure, number>> = { full: 500, "not-ready": 500, broken: 5_000, "timed-out": 5_000 };
const LONGEST_PAUSE_MS: Readonly<Record<Failure, number>> = {
  full: 10_000,
  "not-ready": 10_000,
  broken: 300_000,
  "timed-out": 300_000,
};

/**
 * How far a worker is trusted, whose probes may be good while its launches fail. One that breaks launches is left alone for a
 * while, twice as long each time; then it gets one launch at a time until one has gone well. Refusals harm no client:
 * they count only when they come again and again.
 */
export class OutlierEjection {
  #failures = 0;
  #refusals = 0;
  #pausedUntilMs = 0;

  /** Whether launches must not go there now. */
  ejected(nowMs: number): boolean {
    return nowMs < this.#pausedUntilMs;
  }

  /** Whether it has yet to show that it works: it gets one launch at a time. */
  get onTrial(): boolean {
    return this.#failures > 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#refusals = 0;
  }

  failed(failure: Failure, nowMs: number): void {
    const times = this.#count(failure);
    if (times <= 0) return;
    const pauseMs = Math.min(LONGEST_PAUSE_MS[failure], FIRST_PAUSE_MS[failure] * 2 ** (times - 1));
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, nowMs + pauseMs);
  }

  /** @returns how often it failed in this way, beyond what is forgiven. */
  #count(failure: Failure): number {
    switch (failure) {
      case "full":
      case "not-ready":
        this.#refusals += 1;
        return this.#refusals - REFUSALS_FORGIVEN;
      case "broken":
      case "timed-out":
        this.#failures += 1;
        return this.#failures;
    }
  }
}
