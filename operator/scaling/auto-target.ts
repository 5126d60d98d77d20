import { type ForecastBasis, workersWorth } from "./forecast/basis.ts";
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
  /** Absent in what the operator's debug page returned. */
  readonly basis?: AutoBasis;
}

/** What the slots of a target are computed from. */
export interface AutoBasis {
  readonly forecast: ForecastBasis;
  readonly sample: Pick<DemandSample, "sessions" | "queued" | "workers">;
  /** Share of launches that should find a warm slot, such as 0.999. */
  readonly objective: number;
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
  { timeToWarmS }: WorkerShape,
  objectivePercent: number,
): AutoTarget {
  const basis = { forecast: forecast.basis, sample: { sessions, queued, workers }, objective: objectivePercent / 100 };
  const slots = slotsFor(forecast, basis);
  const rate = `${significant(forecast.launchesPerS * 60)} launches per minute`;
  const lengths = `mean session ${duration(forecast.sessionLengthS)}, p95 time to warm ${duration(timeToWarmS)}`;
  return {
    slots,
    holdMs: forecast.holdS * 1_000,
    because: `${slots} warm slots for ${objectivePercent}% launch success: ${rate}, ${lengths}`,
    timeToWarmMs: timeToWarmS * 1_000,
    basis,
  };
}

/** The same forecast with more or fewer sessions now. */
export function retarget(target: AutoTarget, more: number): AutoTarget {
  if (target.basis === undefined) return target;
  const { forecast, sample, objective } = target.basis;
  const sessions = Math.max(0, sample.sessions + more);
  const moved = { ...forecast, sessions: forecast.sessions + sessions - sample.sessions };
  const basis = { forecast: moved, sample: { ...sample, sessions }, objective };
  return { ...target, slots: slotsFor(workersWorth(moved), basis), basis };
}

function slotsFor(
  required: Pick<Forecast, "workers" | "keep">,
  { forecast: { slotsPerWorker }, sample: { sessions, queued, workers } }: AutoBasis,
): number {
  const kept = Math.max(required.workers, Math.min(workers, required.keep));
  return Math.max(0, kept * slotsPerWorker - sessions - queued);
}

function significant(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(2);
}

function duration(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)}s` : `${Math.round(seconds / 60)}m`;
}
