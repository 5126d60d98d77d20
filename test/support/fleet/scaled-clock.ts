import type { Clock } from "../../../operator/runtime/clock.ts";

/**
 * A clock on which delays pass `timeFactor` times faster than on `clock`. Only delays are scaled: `now()` stays true,
 * because the times that it stamps leave the process.
 * @throws RangeError when the factor is not a positive number.
 */
export function scaledClock(clock: Clock, timeFactor: number): Clock {
  if (!(Number.isFinite(timeFactor) && timeFactor > 0)) throw new RangeError(`time factor ${timeFactor}: give a positive number`);
  return {
    now: () => clock.now(),
    schedule: (delayMs, callback) => clock.schedule(delayMs / timeFactor, callback),
  };
}
