/** Time as a dependency, so that tests and the simulator own it. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /** Calls back once, `delayMs` from now at the earliest. */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/**
 * Its time is the wall clock's of the start of the process, and goes on from there steadily: a wall clock that is set back
 * would make all that is remembered seem to lie in the future, and nothing would be decided or told until it has caught up.
 */
export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Uniform in [0, 1). */
export type Random = () => number;
