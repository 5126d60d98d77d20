import { CircuitBreaker } from "../../runtime/circuit-breaker.ts";
import type { Clock } from "../../runtime/clock.ts";

/** 503 at_capacity; or 503 not_ready, or a refused connection. */
type RefusedLaunch = "full" | "not-ready";
/** The connection broke after the launch was sent, or the answer made no sense; or no answer came in time. */
type Fault = "broken" | "timed-out";
/** Why a launch at a worker failed. */
export type Failure = RefusedLaunch | Fault;

/**
 * Outlier ejection of one worker: a worker may pass its probes while its launches fail. A worker that breaks launches is
 * ejected, and then gets one launch at a time until one succeeds. Refusals harm no client: the first three in a row are
 * races for the last slot, and ejections for more are short.
 */
export class OutlierEjection {
  readonly #refusals: CircuitBreaker<RefusedLaunch>;
  readonly #faults: CircuitBreaker<Fault>;

  constructor(clock: Clock) {
    const common = { clock, countsWhileOpen: true };
    const firstRefusalMs = { full: 500, "not-ready": 500 };
    const firstFaultMs = { broken: 5_000, "timed-out": 5_000 };
    this.#refusals = new CircuitBreaker({ ...common, tolerated: 3, firstOpenMs: firstRefusalMs, maxOpenMs: 10_000 });
    this.#faults = new CircuitBreaker({ ...common, tolerated: 0, firstOpenMs: firstFaultMs, maxOpenMs: 300_000 });
  }

  /** Whether the worker must get no launch now. */
  get ejected(): boolean {
    return this.#refusals.state === "open" || this.#faults.state === "open";
  }

  /** Whether the worker gets one launch at a time, until one succeeds. */
  get onTrial(): boolean {
    return this.#faults.state === "half-open";
  }

  succeeded(): void {
    this.#refusals.succeeded();
    this.#faults.succeeded();
  }

  failed(failure: Failure): void {
    if (failure === "full" || failure === "not-ready") this.#refusals.failed(failure);
    else this.#faults.failed(failure);
  }
}
