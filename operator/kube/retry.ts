import { type Backoff, fullJitterMs } from "../runtime/backoff.ts";
import type { Random } from "../runtime/clock.ts";
import { isRetryable, KubeError } from "./errors.ts";

/** How often one request is sent in all. */
const maxTries = 4;
const backoff: Backoff = { baseMs: 200, maxMs: 5_000 };
/** A server that asks to stay away longer gets its wish from the caller's own retry: no request is held up that long. */
const maxRetryAfterMs = 10_000;
/** Spread of those that were told the same time to come back. */
const retryAfterSpreadMs = 500;

/**
 * Whether and when a failed request is sent again.
 *
 * 429 means that the server did nothing, so every request may be repeated. After every other failure the server may have
 * acted: only requests that do no harm twice (`repeatable`) are.
 * @param failures tries that failed, at least 1.
 * @returns the delay in ms, undefined to give up.
 */
export function retryDelayMs(error: unknown, failures: number, repeatable: boolean, random: Random): number | undefined {
  if (!(error instanceof KubeError) || !isRetryable(error) || failures >= maxTries) return undefined;
  if (!repeatable && error.status !== 429) return undefined;
  if (error.retryAfterMs === undefined) return fullJitterMs(failures - 1, backoff, random);
  return error.retryAfterMs > maxRetryAfterMs ? undefined : error.retryAfterMs + random() * retryAfterSpreadMs;
}
