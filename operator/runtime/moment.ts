import type { Clock, WallClock } from "./clock.ts";

/** One moment on two clocks. Only moments of the same process are comparable. */
export interface Moment {
  readonly steadyMs: number;
  readonly wallMs: number;
}

export function momentNow(clock: Clock, wallClock: WallClock): Moment {
  return { steadyMs: clock.now(), wallMs: wallClock() };
}

/**
 * Time in ms between two moments, by the clock that shows more. The steady clock stops while the machine is suspended
 * (Linux: `CLOCK_MONOTONIC`), and the wall clock may be set back.
 */
export function elapsedMs(from: Moment, to: Moment): number {
  return Math.max(to.steadyMs - from.steadyMs, to.wallMs - from.wallMs);
}
