/** Time as a dependency, so that tests and the simulator own it. */
export interface Clock {
  /** Unix time in ms. */
  now(): number;
  /** Calls back once, `delayMs` from now at the earliest. */
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Uniform in [0, 1). */
export type Random = () => number;
