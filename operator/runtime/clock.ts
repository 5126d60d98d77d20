/** Time as a dependency, so that tests and the simulator control it. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /**
   * Calls back once, at the earliest after `delayMs`, without an upper limit; never if the delay is infinite.
   * @throws RangeError if the delay is not a number: a timer that fires at once would cause a busy loop.
   */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/** 24.8 days. Node fires a longer timer at once. Source: `TIMEOUT_MAX` in Node's `lib/internal/timers.js`. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws RangeError if the delay is not a number. Every clock checks this, so that tests find the error. */
export function checkDelay(delayMs: number): void {
  if (Number.isNaN(delayMs)) throw new RangeError("a delay must be a number of milliseconds");
}

/**
 * A steady clock that starts at the wall clock's time. If the wall clock were used and set back, all recorded times would lie in
 * the future, and decisions and reports would stop until the wall clock has caught up.
 */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  schedule(delayMs, callback) {
    checkDelay(delayMs);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const wait = (leftMs: number): void => {
      timer = setTimeout(
        () => (leftMs > LONGEST_TIMER_MS ? wait(leftMs - LONGEST_TIMER_MS) : callback()),
        Math.min(leftMs, LONGEST_TIMER_MS),
      );
    };
    if (delayMs !== Number.POSITIVE_INFINITY) wait(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Unix time in ms of the machine's wall clock. It may be set back or forward, and continues during a suspension. */
export type WallClock = () => number;

/** Uniform in [0, 1). */
export type Random = () => number;
