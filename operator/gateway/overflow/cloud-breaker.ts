import type { OverflowErrorKind } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";

/** What would meet the next launch as well. */
export type Lasting = Exclude<OverflowErrorKind, "rejected">;

/** How long the cloud is left alone after a first error. What a person must put right takes longer than what time does. */
const FIRST_MS: Readonly<Record<Lasting, number>> = {
  unauthorized: 30_000,
  no_credits: 30_000,
  concurrency_limit: 10_000,
  rate_limited: 10_000,
  unavailable: 5_000,
  unreachable: 5_000,
  secret_unreadable: 5_000,
  unclear: 5_000,
};
const LONGEST_MS = 300_000;
/** After these even the shortest first rest has become the longest. */
const MAX_DOUBLINGS = 6;

export interface CloudFault {
  readonly kind: Lasting;
  /** Unix time in ms. */
  readonly lastMs: number;
}

/**
 * Leaves a cloud alone that has refused: twice as long after every further error, and then with one launch at a time until
 * one was taken. A dead secret is so tried every five minutes.
 */
export class CloudBreaker {
  readonly #clock: Clock;
  #errors = 0;
  #untilMs = 0;
  #onTrial = false;
  #error: CloudFault | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What went wrong since the last success. */
  get error(): CloudFault | undefined {
    return this.#error;
  }

  /** Whether no launch may be sent now. */
  get open(): boolean {
    return this.#errors > 0 && (this.#onTrial || this.#clock.now() < this.#untilMs);
  }

  /** A launch is about to be sent. */
  begins(): void {
    this.#onTrial = this.#errors > 0;
  }

  /** It was not sent after all, or says nothing of the pool's account. */
  withdrawn(): void {
    this.#onTrial = false;
  }

  succeeded(): void {
    this.#errors = 0;
    this.#onTrial = false;
    this.#error = undefined;
  }

  /** @param retryAfterMs what the cloud asked for. */
  failed(error: Lasting, retryAfterMs = 0): void {
    this.#onTrial = false;
    const nowMs = this.#clock.now();
    this.#error = { kind: error, lastMs: nowMs };
    // Launches that were sent together fail together: that is one error.
    if (nowMs < this.#untilMs) return;
    this.#untilMs = nowMs + Math.min(LONGEST_MS, Math.max(FIRST_MS[error] * 2 ** this.#errors, retryAfterMs));
    this.#errors = Math.min(this.#errors + 1, MAX_DOUBLINGS);
  }
}
