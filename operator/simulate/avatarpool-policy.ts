import type { WarmSlots, WarmWindow } from "../api/pool-config.ts";
import { type AutoTarget, autoTarget, forecastIntervalMs } from "../scaling/auto-target.ts";
import { addDeficit, type Deficit, deficitAt, deficitFallsAtMs, noDeficit } from "../scaling/deficit.ts";
import { Forecaster } from "../scaling/forecast/forecaster.ts";
import { type ScheduledFloor, scheduledFloor } from "../scaling/schedule.ts";
import { sizeGroups } from "../scaling/size.ts";
import { growthLimit } from "../scaling/step.ts";
import { type Target, targetSize } from "../scaling/target.ts";
import { DEFAULT_HOLD_MS, DEFAULT_WARM_SLOTS, warmOf } from "../scaling/warm-slots.ts";
import { addForMaximum, emptyWindow, maximum, maximumEndsAtMs, type Window } from "../scaling/window.ts";
import type { FleetShape, FleetView, Policy } from "./policy.ts";

export interface AvatarPoolOptions {
  /** Name of the worker group. */
  readonly group: string;
  readonly shape: FleetShape;
  /** `objective.launchSuccess`. Used by `warm.slots: auto` only. */
  readonly objectivePercent: number;
  /** `warm.slots`. */
  readonly slots: WarmSlots;
  /** The largest of `presets[].warmSlots`. */
  readonly presetSlots: number;
  /** `warm.schedule`. */
  readonly schedule: readonly WarmWindow[];
  /** `scaling.scaleDownAfter`; undefined: auto. */
  readonly scaleDownAfterMs: number | undefined;
  /** `scaling.maxStep`; undefined: the default. */
  readonly maxStep: number | undefined;
  /** Unix time of the beginning of the trace. */
  readonly startMs: number;
}

/** The settings of a pool that gives only an objective. */
export function defaultsWith(objectivePercent: number, shape: FleetShape): AvatarPoolOptions {
  return {
    group: "workers",
    shape,
    objectivePercent,
    slots: { kind: "auto" },
    presetSlots: 0,
    schedule: [],
    scaleDownAfterMs: undefined,
    maxStep: undefined,
    startMs: 0,
  };
}

/** Plans are at least this far apart, unless a launch waits or was refused. */
const PLAN_INTERVAL_S = 1;

/** AvatarPool itself: one worker group, sized as the operator sizes it. */
export function avatarPoolPolicy(options: AvatarPoolOptions): Policy {
  const planner = new GroupPlanner(options);
  let seen: readonly number[] = [];
  let refused = 0;
  let plannedS = Number.NEGATIVE_INFINITY;
  let workers = 0;
  return {
    name: nameOf(options),
    syncS: PLAN_INTERVAL_S,
    eventDriven: true,
    removes: "drained",
    decide: (view) => {
      const isUrgent = view.queued > 0 || view.refused !== refused;
      if (!isUrgent && view.nowS - plannedS < PLAN_INTERVAL_S) return workers;
      const now = [view.arrived, view.sessions, view.drainingSessions, view.workers, view.drainingWorkers, view.warmWorkers];
      const isDue = options.startMs + view.nowS * 1_000 >= planner.dueMs;
      if (!isUrgent && !isDue && now.every((value, index) => value === seen[index])) return workers;
      seen = now;
      refused = view.refused;
      plannedS = view.nowS;
      workers = planner.next(view).workers;
      return workers;
    },
  };
}

/** The operator's plan for one worker group and one serving set. Holds what the operator remembers between two plans. */
export class GroupPlanner {
  readonly #options: AvatarPoolOptions;
  readonly #forecaster: Forecaster;
  #wanted: Window = emptyWindow;
  #deficit: Deficit = noDeficit;
  #refused = 0;
  #scheduled: ScheduledFloor = { slots: 0, nextEdgeMs: Number.NEGATIVE_INFINITY, unreadable: [] };
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(options: AvatarPoolOptions) {
    this.#options = options;
    this.#forecaster = new Forecaster(options.objectivePercent / 100);
  }

  /** When an unchanged fleet needs another plan. */
  get dueMs(): number {
    return this.#dueMs;
  }

  next(view: FleetView): Target {
    const { group, shape, slots, scaleDownAfterMs, maxStep, startMs } = this.#options;
    const nowMs = startMs + view.nowS * 1_000;
    const replicas = view.workers + view.drainingWorkers;
    const sessions = view.sessions + view.drainingSessions;
    const taken = sessions + view.queued;
    const auto = slots.kind === "auto" ? this.#forecast(view, nowMs, sessions, replicas) : undefined;
    const deficit = this.#deficitAt(view, nowMs);
    const floor = this.#floorAt(nowMs);
    const warm = warmOf(slots, { floor, least: DEFAULT_WARM_SLOTS, taken, target: auto });
    const { slotsPerWorker, min, max } = shape;
    const [size] = sizeGroups(
      [{ name: group, slotsPerWorker, min, max, sessions, replicas, lost: 0 }],
      [{ set: { key: group, groups: [group], presets: [] }, queued: view.queued, deficit, ...warm }],
    ).groups;
    if (size === undefined) throw new Error(`worker group ${group} has no size`);
    const holdMs = scaleDownAfterMs ?? auto?.holdMs ?? DEFAULT_HOLD_MS;
    this.#wanted = addForMaximum(this.#wanted, nowMs, size.workers, holdMs);
    this.#dueMs = Math.min(
      auto === undefined ? Number.POSITIVE_INFINITY : nowMs + forecastIntervalMs(taken > 0),
      this.#scheduled.nextEdgeMs ?? Number.POSITIVE_INFINITY,
      deficitFallsAtMs(this.#deficit, nowMs) ?? Number.POSITIVE_INFINITY,
      maximumEndsAtMs(this.#wanted, nowMs, holdMs) ?? Number.POSITIVE_INFINITY,
    );
    return targetSize({
      size,
      because: warm.because,
      maxStep: growthLimit(maxStep, replicas, replicas) - replicas,
      holdMs,
      wantedLately: maximum(this.#wanted, nowMs, holdMs) ?? size.workers,
    });
  }

  #forecast(view: FleetView, nowMs: number, sessions: number, workers: number): AutoTarget {
    const { arrived, cold, started, queued } = view;
    const warmWorkers = view.warmWorkers + view.drainingWorkers;
    const sample = { nowS: nowMs / 1_000, arrived, cold, started, sessions, queued, workers, warmWorkers };
    const { shape, objectivePercent } = this.#options;
    return autoTarget(this.#forecaster.next(sample, shape), sample, shape, objectivePercent);
  }

  #deficitAt({ refused }: FleetView, nowMs: number): number {
    const deficit = addDeficit(this.#deficit, refused - this.#refused, nowMs);
    const slots = deficitAt(deficit, nowMs);
    this.#refused = refused;
    // The load hub, too, drops what rounds to no slot.
    this.#deficit = slots === 0 ? noDeficit : deficit;
    return slots;
  }

  /** Searching the schedule costs more than the rest of a plan, so the result is kept until a window opens or closes. */
  #floorAt(nowMs: number): number {
    const { shape, slots, presetSlots, schedule } = this.#options;
    if (nowMs >= (this.#scheduled.nextEdgeMs ?? Number.POSITIVE_INFINITY))
      this.#scheduled = scheduledFloor(schedule, nowMs, shape.timeToWarmS * 1_000);
    return Math.max(this.#scheduled.slots, presetSlots, slots.kind === "count" ? slots.slots : 0);
  }
}

function nameOf({ slots, objectivePercent }: AvatarPoolOptions): string {
  switch (slots.kind) {
    case "auto":
      return `avatarpool ${objectivePercent}%`;
    case "count":
      return `avatarpool ${slots.slots} warm`;
    case "share":
      return `avatarpool ${slots.percent}% warm`;
  }
}
