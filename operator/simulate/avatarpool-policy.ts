import type { WarmSlots } from "../api/pool-config.ts";
import { type Forecast, Forecaster } from "../scaling/forecast/forecaster.ts";
import { DEFAULT_HOLD_MS, DEFAULT_WARM_SLOTS, shareOfSlots } from "../scaling/warm-slots.ts";
import { addForMaximum, emptyWindow, maximum } from "../scaling/window.ts";
import type { FleetShape, FleetView, Policy } from "./policy.ts";

export interface AvatarPoolPolicyOptions {
  /** Share of launches that is to find a warm slot, such as 0.99. Asked of `warm.slots: auto` only. */
  readonly objective: number;
  readonly shape: FleetShape;
  /** `warm.slots`; auto by default. */
  readonly slots?: WarmSlots;
  /** Slots that are kept warm at a time in any case; none by default. */
  readonly floorAt?: (nowS: number) => number;
  /** `scaling.scaleDownAfter`; auto by default. */
  readonly holdS?: number | undefined;
}

/** Workers that are asked for, and for how long more than that are kept. */
interface Wish {
  readonly workers: number;
  readonly holdS: number;
}

/** The operator plans at most so often for what it is told. */
const PLAN_INTERVAL_S = 1;
/** It plans so often when it is told nothing. */
const SYNC_S = 5;

/** This product: the sizes that the operator decides on, asked as the operator asks for them. */
export function avatarPoolPolicy(options: AvatarPoolPolicyOptions): Policy {
  const { objective, shape, slots = { kind: "auto" }, floorAt = () => 0 } = options;
  const wishOf = slots.kind === "auto" ? forecasting(objective, shape) : keeping(slots, shape);
  let lately = emptyWindow;
  return {
    name: nameOf(slots, objective),
    syncS: SYNC_S,
    eventDriven: true,
    removes: "drained",
    decide: (view) => {
      const wish = wishOf(view);
      const wanted = Math.max(wish.workers, workersFor(view, floorAt(view.nowS), shape));
      const nowMs = view.nowS * 1_000;
      const holdMs = (options.holdS ?? wish.holdS) * 1_000;
      lately = addForMaximum(lately, nowMs, wanted, holdMs);
      return Math.max(wanted, maximum(lately, nowMs, holdMs) ?? wanted);
    },
  };
}

/** `warm.slots: auto`: the forecaster that the operator runs. */
function forecasting(objective: number, shape: FleetShape): (view: FleetView) => Wish {
  const forecaster = new Forecaster(objective);
  let forecast: Forecast | undefined;
  let askedS = Number.NEGATIVE_INFINITY;
  return (view) => {
    if (forecast === undefined || view.queued > 0 || view.nowS - askedS >= PLAN_INTERVAL_S) {
      askedS = view.nowS;
      forecast = forecaster.next(sampleOf(view), shape);
    }
    return { workers: Math.max(forecast.workers, Math.min(view.workers, forecast.keep)), holdS: forecast.holdS };
  };
}

/** A number of slots, or a share of them. */
function keeping(slots: Exclude<WarmSlots, { kind: "auto" }>, shape: FleetShape): (view: FleetView) => Wish {
  const free = (view: FleetView) =>
    slots.kind === "count" ? slots.slots : Math.max(DEFAULT_WARM_SLOTS, shareOfSlots(taken(view), slots.percent));
  return (view) => ({ workers: workersFor(view, free(view), shape), holdS: DEFAULT_HOLD_MS / 1_000 });
}

/** Workers for all sessions, launches that wait and free slots. */
function workersFor(view: FleetView, free: number, { slotsPerWorker }: FleetShape): number {
  return Math.ceil((taken(view) + free) / slotsPerWorker);
}

function taken({ sessions, drainingSessions, queued }: FleetView): number {
  return sessions + drainingSessions + queued;
}

function nameOf(slots: WarmSlots, objective: number): string {
  switch (slots.kind) {
    case "auto":
      return `avatarpool ${objective * 100}%`;
    case "count":
      return `avatarpool ${slots.slots} warm`;
    case "share":
      return `avatarpool ${slots.percent}% warm`;
  }
}

function sampleOf(view: FleetView) {
  const { nowS, arrived, missed, started, queued, workers, warmWorkers } = view;
  return { nowS, arrived, missed, started, sessions: view.sessions + view.drainingSessions, queued, workers, warmWorkers };
}
