import type { Random } from "./clock.ts";

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The delay before the next attempt in ms: uniform in [0, min(maxMs, baseMs * 2^failures)), with `failures` counted from 0.
 * "Full jitter" spreads clients that failed simultaneously over the whole interval
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function fullJitterMs(failures: number, backoff: Backoff, random: Random): number {
  return random() * Math.min(backoff.maxMs, backoff.baseMs * 2 ** failures);
}
