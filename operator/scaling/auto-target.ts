import type { DemandSample, Forecast, WorkerShape } from "./forecast/forecaster.ts";

/** The forecast for one serving set: the present values of `warm.slots: auto` and `scaling.scaleDownAfter: auto`. */
export interface AutoTarget {
  /** Free slots to keep: the operator starts workers if there are fewer. */
  readonly slots: number;
  readonly holdMs: number;
  /** The arithmetic as a clause: "5 warm for 99.9% of launches at 2.1/min over 48s". */
  readonly because: string;
  /** From a worker's creation until it is warm, as observed; absent before the first observation. */
  readonly timeToWarmMs?: number;
}

/** Longest time between two forecasts of one demand. */
const BUSY_INTERVAL_MS = 5_000;
const QUIET_INTERVAL_MS = 30_000;

/** @param isBusy whether a session runs or a launch waits. */
export function forecastIntervalMs(isBusy: boolean): number {
  return isBusy ? BUSY_INTERVAL_MS : QUIET_INTERVAL_MS;
}

/**
 * The keep rule: the workers that the forecast requires, and existing ones beyond them that are worth their cost.
 * @param sample the sample of the forecast.
 */
export function autoTarget(
  forecast: Forecast,
  { sessions, queued, workers }: DemandSample,
  { slotsPerWorker, timeToWarmS }: WorkerShape,
  objectivePercent: number,
): AutoTarget {
  const kept = Math.max(forecast.workers, Math.min(workers, forecast.keep));
  const slots = Math.max(0, kept * slotsPerWorker - sessions - queued);
  const rate = `${significant(forecast.launchesPerS * 60)} launches per minute`;
  const lengths = `mean session ${duration(forecast.sessionLengthS)}, p95 time to warm ${duration(timeToWarmS)}`;
  return {
    slots,
    holdMs: forecast.holdS * 1_000,
    because: `${slots} warm slots for ${objectivePercent}% launch success: ${rate}, ${lengths}`,
    timeToWarmMs: timeToWarmS * 1_000,
  };
}

function significant(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(2);
}

function duration(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)}s` : `${Math.round(seconds / 60)}m`;
}
