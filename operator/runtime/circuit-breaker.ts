import type { Clock } from "./clock.ts";

export interface CircuitBreakerOptions<Fault extends string> {
  readonly clock: Clock;
  /** Failures in a row that leave the breaker closed. */
  readonly tolerated: number;
  /** Open time after the first failure that opens it; the time doubles with each further failure in a row. */
  readonly firstOpenMs: Readonly<Record<Fault, number>>;
  readonly maxOpenMs: number;
  /** Whether failures of an open breaker count: those of requests that were sent before it opened. */
  readonly countsWhileOpen: boolean;
}

/** A circuit breaker for one destination. Closed: send requests. Open: send none. Half-open: send one at a time until one succeeds. */
export class CircuitBreaker<Fault extends string> {
  readonly #options: CircuitBreakerOptions<Fault>;
  #failures = 0;
  #openUntilMs = 0;
  #onTrial = false;
  #fault: { readonly kind: Fault; readonly lastMs: number } | undefined;

  constructor(options: CircuitBreakerOptions<Fault>) {
    this.#options = options;
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#options.clock.now() < this.#openUntilMs) return "open";
    return this.#failures > this.#options.tolerated ? "half-open" : "closed";
  }

  /** Whether a request may be sent now. A half-open breaker allows none between {@link begins} and the outcome. */
  get allows(): boolean {
    return !this.#onTrial && this.state !== "open";
  }

  /** The last fault since the last success. */
  get fault() {
    return this.#fault;
  }

  begins(): void {
    this.#onTrial = this.state === "half-open";
  }

  /** The request was not sent, or its outcome says nothing about the destination. */
  withdrawn(): void {
    this.#onTrial = false;
  }

  /** Ends the run of failures. An open breaker stays open until its time has passed. */
  succeeded(): void {
    this.#failures = 0;
    this.#onTrial = false;
    this.#fault = undefined;
  }

  /** A success that also closes an open breaker. */
  close(): void {
    this.succeeded();
    this.#openUntilMs = 0;
  }

  /** @param minOpenMs shortest open time, such as a `Retry-After`; it is limited by `maxOpenMs`. */
  failed(kind: Fault, minOpenMs = 0): void {
    const { clock, tolerated, firstOpenMs, maxOpenMs, countsWhileOpen } = this.#options;
    const nowMs = clock.now();
    this.#onTrial = false;
    this.#fault = { kind, lastMs: nowMs };
    if (this.state === "open" && !countsWhileOpen) return;
    const doublings = this.#failures - tolerated;
    this.#failures += 1;
    if (doublings < 0) return;
    const openMs = Math.min(maxOpenMs, Math.max(firstOpenMs[kind] * 2 ** doublings, minOpenMs));
    this.#openUntilMs = Math.max(this.#openUntilMs, nowMs + openMs);
  }
}
