/** Time as a dependency, so that tests and the simulator own it. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /**
   * Calls back once, `delayMs` from now at the earliest, however long that is; never where it is infinite.
   * @throws RangeError where it is no number: a timer that fires at once would be the start of a busy loop.
   */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/** 24.8 days: Node fires a longer timer at once. Source: `TIMEOUT_MAX` in Node's `lib/internal/timers.js`. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws RangeError where the delay is no number. Every clock checks it, so that tests find what production would. */
export function checkDelay(delayMs: number): void {
  if (Number.isNaN(delayMs)) throw new RangeError("a delay must be a number of milliseconds");
}

/**
 * Its time is the wall clock's of the start of the process, and goes on from there steadily: a wall clock that is set back
 * would make all that is remembered seem to lie in the future, and nothing would be decided or told until it has caught up.
 */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  schedule(delayMs, callback) {
    checkDelay(delayMs);
    let timer: NodeJS.Timeout | undefined;
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

/** Unix time in ms of the machine's wall clock. It may be set back and forth, and goes on while the machine is suspended. */
export type WallClock = () => number;

/** Uniform in [0, 1). */
export type Random = () => number;
