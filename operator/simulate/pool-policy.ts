import { type GroupConfig, groupServes, type PoolConfig } from "../api/pool-config.ts";
import { type AutoTarget, autoTarget, forecastIntervalMs } from "../scaling/auto-target.ts";
import { addDeficit, type Deficit, deficitAt, deficitFallsAtMs, noDeficit } from "../scaling/deficit.ts";
import { Forecaster } from "../scaling/forecast/forecaster.ts";
import { type ScheduledFloor, scheduledFloor } from "../scaling/schedule.ts";
import { sizeGroups } from "../scaling/size.ts";
import { growthLimit } from "../scaling/step.ts";
import { type Target, targetSize } from "../scaling/target.ts";
import { DEFAULT_HOLD_MS, DEFAULT_WARM_SLOTS, warmOf } from "../scaling/warm-slots.ts";
import { addForMaximum, emptyWindow, maximum, maximumEndsAtMs, type Window } from "../scaling/window.ts";
import type { PolicyOf } from "./comparison.ts";
import type { FleetShape, FleetView } from "./policy.ts";

/** Plans are at least this far apart, unless a launch waits or was refused. */
const PLAN_INTERVAL_S = 1;

/**
 * The policy of AvatarPool for the groups of a pool: the sizes that the operator decides on.
 * @param startMs Unix time of the beginning of the trace: `warm.schedule` depends on it.
 */
export function poolPolicy(pool: PoolConfig, startMs: number): PolicyOf {
  return (shape, group) => {
    const planner = new GroupPlanner(pool, group, shape, startMs);
    let seen: readonly number[] = [];
    let refused = 0;
    let plannedS = Number.NEGATIVE_INFINITY;
    let workers = 0;
    return {
      name: nameOf(pool),
      syncS: PLAN_INTERVAL_S,
      eventDriven: true,
      removes: "drained",
      decide: (view) => {
        const isUrgent = view.queued > 0 || view.refused !== refused;
        if (!isUrgent && view.nowS - plannedS < PLAN_INTERVAL_S) return workers;
        const now = [view.arrived, view.sessions, view.drainingSessions, view.workers, view.drainingWorkers, view.warmWorkers];
        const isDue = startMs + view.nowS * 1_000 >= planner.dueMs;
        if (!isUrgent && !isDue && now.every((value, index) => value === seen[index])) return workers;
        seen = now;
        refused = view.refused;
        plannedS = view.nowS;
        workers = planner.next(view).workers;
        return workers;
      },
    };
  };
}

/** The operator's plan for one worker group and one serving set. Holds what the operator remembers between two plans. */
export class GroupPlanner {
  readonly #pool: PoolConfig;
  readonly #group: GroupConfig;
  readonly #shape: FleetShape;
  readonly #startMs: number;
  readonly #forecaster: Forecaster;
  /** The slots of a preset and of the schedule are kept on the first group that serves the preset. */
  readonly #presets: PoolConfig["presets"];
  #wanted: Window = emptyWindow;
  #deficit: Deficit = noDeficit;
  #refused = 0;
  #scheduled: ScheduledFloor = { slots: 0, nextEdgeMs: Number.NEGATIVE_INFINITY, unreadable: [] };
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(pool: PoolConfig, group: GroupConfig, shape: FleetShape, startMs: number) {
    this.#pool = pool;
    this.#group = group;
    this.#shape = shape;
    this.#startMs = startMs;
    this.#forecaster = new Forecaster(pool.objective.launchSuccessPercent / 100);
    this.#presets = pool.presets.filter(({ name }) => pool.groups.find((each) => groupServes(each, name))?.name === group.name);
  }

  /** When an unchanged fleet needs another plan. */
  get dueMs(): number {
    return this.#dueMs;
  }

  next(view: FleetView): Target {
    const { warm, scaling } = this.#pool;
    const { name } = this.#group;
    const nowMs = this.#startMs + view.nowS * 1_000;
    const replicas = view.workers + view.drainingWorkers;
    const sessions = view.sessions + view.drainingSessions;
    const taken = sessions + view.queued;
    const auto = warm.slots.kind === "auto" ? this.#forecast(view, nowMs, sessions, replicas) : undefined;
    const deficit = this.#deficitAt(view, nowMs);
    const kept = warmOf(warm.slots, { floor: this.#floorAt(nowMs), least: DEFAULT_WARM_SLOTS, taken, target: auto });
    const { slotsPerWorker, min, max } = this.#shape;
    const [size] = sizeGroups(
      [{ name, slotsPerWorker, min, max, sessions, replicas, lost: 0 }],
      [{ set: { key: name, groups: [name], presets: [] }, queued: view.queued, deficit, ...kept }],
    ).groups;
    if (size === undefined) throw new Error(`worker group ${name} has no size`);
    const holdMs = scaling.scaleDownAfterMs ?? auto?.holdMs ?? DEFAULT_HOLD_MS;
    this.#wanted = addForMaximum(this.#wanted, nowMs, size.workers, holdMs);
    this.#dueMs = Math.min(
      auto === undefined ? Number.POSITIVE_INFINITY : nowMs + forecastIntervalMs(taken > 0),
      this.#presets.length === 0 ? Number.POSITIVE_INFINITY : (this.#scheduled.nextEdgeMs ?? Number.POSITIVE_INFINITY),
      deficitFallsAtMs(this.#deficit, nowMs) ?? Number.POSITIVE_INFINITY,
      maximumEndsAtMs(this.#wanted, nowMs, holdMs) ?? Number.POSITIVE_INFINITY,
    );
    return targetSize({
      size,
      because: kept.because,
      maxStep: growthLimit(scaling.maxStep, replicas, replicas) - replicas,
      holdMs,
      wantedLately: maximum(this.#wanted, nowMs, holdMs) ?? size.workers,
    });
  }

  #forecast(view: FleetView, nowMs: number, sessions: number, workers: number): AutoTarget {
    const { arrived, missed, started, queued } = view;
    const warmWorkers = view.warmWorkers + view.drainingWorkers;
    const sample = { nowS: nowMs / 1_000, arrived, missed, started, sessions, queued, workers, warmWorkers };
    return autoTarget(this.#forecaster.next(sample, this.#shape), sample, this.#shape, this.#pool.objective.launchSuccessPercent);
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
    const { slots, schedule } = this.#pool.warm;
    if (this.#presets.length > 0 && nowMs >= (this.#scheduled.nextEdgeMs ?? Number.POSITIVE_INFINITY))
      this.#scheduled = scheduledFloor(schedule, nowMs, this.#shape.timeToWarmS * 1_000);
    const count = slots.kind === "count" ? slots.slots : 0;
    return Math.max(this.#scheduled.slots, count, ...this.#presets.map(({ warmSlots }) => warmSlots));
  }
}

function nameOf({ warm: { slots }, objective }: PoolConfig): string {
  switch (slots.kind) {
    case "auto":
      return `avatarpool ${objective.launchSuccessPercent}%`;
    case "count":
      return `avatarpool ${slots.slots} warm`;
    case "share":
      return `avatarpool ${slots.percent}% warm`;
  }
}
