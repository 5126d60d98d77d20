import { type Backoff, fullJitterMs } from "../runtime/backoff.ts";
import type { Random } from "../runtime/clock.ts";
import { isRetryable, KubeError } from "./errors.ts";

const maxTries = 4;
const backoff: Backoff = { baseMs: 200, maxMs: 5_000 };
/** A longer `Retry-After` is left to the caller's own retry: no request blocks that long. */
const maxRetryAfterMs = 10_000;
/** Jitter for clients that received the same `Retry-After`. */
const retryAfterSpreadMs = 500;

/**
 * Whether and when a failed request is sent again.
 *
 * 429 means that the server did nothing, so that every request may be repeated. After every other failure the server may have
 * acted, so that only idempotent requests (`repeatable`) are repeated.
 * @param failures number of failed attempts, at least 1.
 * @returns the delay in ms; undefined to give up.
 */
export function retryDelayMs(error: unknown, failures: number, repeatable: boolean, random: Random): number | undefined {
  if (!(error instanceof KubeError) || !isRetryable(error) || failures >= maxTries) return undefined;
  if (!repeatable && error.status !== 429) return undefined;
  if (error.retryAfterMs === undefined) return fullJitterMs(failures - 1, backoff, random);
  return error.retryAfterMs > maxRetryAfterMs ? undefined : error.retryAfterMs + random() * retryAfterSpreadMs;
}
