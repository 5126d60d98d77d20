import { type Forecast, Forecaster } from "../scaling/forecast/forecaster.ts";
import { addForMaximum, emptyWindow, maximum } from "../scaling/window.ts";
import type { FleetShape, FleetView, Policy } from "./policy.ts";

export interface OursOptions {
  /** Share of launches that is to find a warm slot, such as 0.99. */
  readonly objective: number;
  readonly shape: FleetShape;
}

/** The operator plans at most so often for what it is told. */
const PLAN_INTERVAL_S = 1;
/** It plans so often when it is told nothing. */
const SYNC_S = 5;

/** This product: the forecaster that the operator runs, asked as the operator asks it. */
export function ours({ objective, shape }: OursOptions): Policy {
  const forecaster = new Forecaster(objective);
  let forecast: Forecast | undefined;
  let lately = emptyWindow;
  let askedS = Number.NEGATIVE_INFINITY;
  return {
    name: `avatarpool ${objective * 100}%`,
    syncS: SYNC_S,
    eventDriven: true,
    removes: "drained",
    decide: (view) => {
      if (forecast === undefined || view.queued > 0 || view.nowS - askedS >= PLAN_INTERVAL_S) {
        askedS = view.nowS;
        forecast = forecaster.next(sampleOf(view), shape);
      }
      const wanted = Math.max(forecast.workers, Math.min(view.workers, forecast.keep));
      const nowMs = view.nowS * 1_000;
      const holdMs = forecast.holdS * 1_000;
      lately = addForMaximum(lately, nowMs, wanted, holdMs);
      return Math.max(wanted, maximum(lately, nowMs, holdMs) ?? wanted);
    },
  };
}

function sampleOf(view: FleetView) {
  const { nowS, arrived, cold, started, queued, workers, warmWorkers } = view;
  return { nowS, arrived, cold, started, sessions: view.sessions + view.drainingSessions, queued, workers, warmWorkers };
}
