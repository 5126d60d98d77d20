import type { OverflowErrorKind } from "../../api/load-report.ts";
import { CircuitBreaker } from "../../runtime/circuit-breaker.ts";
import type { Clock } from "../../runtime/clock.ts";

/** The circuit breaker of a pool's overflow provider. A rejected launch says nothing about the next one. */
export type CloudBreaker = CircuitBreaker<Exclude<OverflowErrorKind, "rejected">>;

export function cloudBreaker(clock: Clock): CloudBreaker {
  const firstOpenMs = {
    // A person must fix these.
    unauthorized: 30_000,
    no_credits: 30_000,
    concurrency_limit: 10_000,
    rate_limited: 10_000,
    unavailable: 5_000,
    unreachable: 5_000,
    secret_unreadable: 5_000,
    unclear: 5_000,
  };
  // Launches that were sent together fail together: they count as one failure.
  return new CircuitBreaker({ clock, tolerated: 0, firstOpenMs, maxOpenMs: 300_000, countsWhileOpen: false });
}
