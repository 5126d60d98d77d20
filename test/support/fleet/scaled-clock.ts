import type { Clock } from "../../../operator/runtime/clock.ts";

/**
 * A clock on which delays are `timeFactor` times shorter than on `clock`. Only delays are scaled. `now()` is the real time,
 * because its times are visible outside the process.
 * @throws RangeError if the factor is not a positive number.
 */
export function scaledClock(clock: Clock, timeFactor: number): Clock {
  if (!(Number.isFinite(timeFactor) && timeFactor > 0)) throw new RangeError(`time factor ${timeFactor}: give a positive number`);
  return {
    now: () => clock.now(),
    schedule: (delayMs, callback) => clock.schedule(delayMs / timeFactor, callback),
  };
}
