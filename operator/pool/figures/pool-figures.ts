import { conditionTypes } from "../../api/conditions.ts";
import { groupServes, JOBS, slotUsesOf } from "../../api/pool-config.ts";
import type { AvatarPoolStatus } from "../../api/v1alpha1/index.ts";
import { CUSTOM_AVATAR } from "../../scaling/size.ts";
import type { OperatorMetrics } from "../../telemetry/operator-metrics.ts";
import { CUSTOM_AVATARS, slotStates, UNKNOWN_PRESET, type WorkerStateLabel, workerStates } from "../../telemetry/pool-metrics.ts";
import type { Plan } from "../plan.ts";
import { busyByUid, type GroupSnapshot, type Members, type Snapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";
import { isWarm, warmSlotsFor } from "../warmup/warmth.ts";
import { type LaunchHistory, launchTotals, remainingBudget } from "./error-budget.ts";

/** The value of one series of a pool. */
export interface Figure {
  readonly metric: keyof OperatorMetrics["poolGauges"];
  /** Without those of the pool. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Add = (metric: Figure["metric"], value: number | undefined, labels?: Figure["labels"]) => void;

/** All figures of a pool. The numbers are those of its status wherever the status has them. */
export function poolFigures(snapshot: Snapshot, plan: Plan, status: AvatarPoolStatus, history: LaunchHistory): readonly Figure[] {
  const figures: Figure[] = [];
  const add: Add = (metric, value, labels = {}) => {
    if (value !== undefined) figures.push({ metric, labels, value });
  };
  const { pool, load, forecast } = snapshot;
  // A deleted pool launches nothing more: its other conditions, and missing warm slots, would alert until its sessions have ended.
  const conditions = (status.conditions ?? []).filter(
    ({ type }) => pool.deletedAtMs === undefined || type === conditionTypes.ready,
  );
  for (const { type, status: held } of conditions)
    for (const each of ["True", "False", "Unknown"]) add("condition", each === held ? 1 : 0, { type, status: each });
  groupFigures(add, snapshot, status);
  slotFigures(add, snapshot, plan, status);
  add("queued", status.queued);
  add("pressure", status.pressurePerMinute);
  const { launchSuccessPercent, startup } = pool.objective;
  add("objectiveSuccess", launchSuccessPercent / 100);
  add("objectiveStartup", startup.targetMs / 1_000);
  add("errorBudget", remainingBudget(history, launchTotals(load), launchSuccessPercent));
  if (forecast.size > 0) add("forecast", sum([...forecast.values()].map(({ slots }) => slots)));
  const { budget } = pool.credits ?? {};
  const used = status.credits?.budgetUsed;
  if (budget !== undefined && used !== undefined) add("budgetUsed", used / budget.credits);
  return figures;
}

function groupFigures(add: Add, { groups, retired }: Snapshot, status: AvatarPoolStatus): void {
  for (const { name: group, desired, ready } of status.groups ?? []) {
    add("desired", desired, { group });
    add("ready", ready, { group });
  }
  for (const { config, members } of groups) {
    add("min", config.min, { group: config.name });
    add("max", config.max, { group: config.name });
    workerFigures(add, config.name, members);
  }
  for (const { deployment, members } of retired) workerFigures(add, deployment.group, members);
  add("cost", costPerHourOf(groups));
}

/** Cost per hour of the workers that have a node; undefined if no group has a cost. */
export function costPerHourOf(groups: Snapshot["groups"]): number | undefined {
  if (!groups.some(({ config }) => config.costPerHour !== undefined)) return undefined;
  const nodes = ({ pods, terminating }: Members) => [...pods, ...terminating].filter(({ scheduled }) => scheduled).length;
  return sum(groups.map(({ config, members }) => (config.costPerHour ?? 0) * nodes(members)));
}

function workerFigures(add: Add, group: string, { pods, terminating }: Members): void {
  const states = [...pods.map(stateOf), ...terminating.map(() => "draining" as const)];
  for (const state of workerStates) add("workers", states.filter((each) => each === state).length, { group, state });
}

function stateOf(pod: PodView): WorkerStateLabel {
  if (pod.cordonedAtMs !== undefined) return "draining";
  if (pod.unschedulable !== undefined) return "unschedulable";
  if (!pod.containersReady) return "starting";
  return isWarm(pod) ? "warm" : "cold";
}

function slotFigures(add: Add, snapshot: Snapshot, plan: Plan, status: AvatarPoolStatus): void {
  const { pool, groups, load } = snapshot;
  const { sessions = 0, slots = 0 } = status;
  const taken = sessions + sum(groups.map(({ members }) => members.warmupSessions));
  const blocked = sum(groups.flatMap(({ members }) => members.workers.map((worker) => worker.blocked ?? 0)));
  const draining = sum(groups.map(slotsOnDraining));
  const counts = { busy: taken, blocked, draining, free: Math.max(0, slots - taken - blocked - draining) };
  for (const state of slotStates) add("slots", counts[state], { state });

  for (const use of slotUsesOf(pool)) {
    add("warmSlots", warmSlotsFor(snapshot, use), { preset: use });
    const wanted = sum(plan.demand.sets.map(({ set, warm }) => (set.presets.includes(use) ? warm : 0)));
    add("warmSlotsWanted", pool.deletedAtMs === undefined ? wanted : 0, { preset: use });
  }

  const jobs = new Set(groups.flatMap(({ config }) => (groupServes(config, JOBS) ? config.name : [])));
  const known = new Map(pool.presets.map(({ name }) => [name, load.sessions.get(name) ?? 0]));
  if (jobs.size > 0) known.set(JOBS, sum((status.groups ?? []).map((group) => (jobs.has(group.name) ? group.sessions : 0))));
  const custom = pool.launch.allowCustomAvatars && groups.some(({ config }) => groupServes(config, undefined));
  if (custom) known.set(CUSTOM_AVATARS, load.sessions.get(CUSTOM_AVATAR) ?? 0);
  for (const [preset, count] of known) add("sessions", count, { preset });
  add("sessions", Math.max(0, sessions - sum([...known.values()])), { preset: UNKNOWN_PRESET });
}

/** Free slots of workers that take no more launches. */
function slotsOnDraining({ config, members }: GroupSnapshot): number {
  const busy = busyByUid(members);
  const draining = members.pods.filter((pod) => pod.cordonedAtMs !== undefined && pod.containersReady);
  return sum(draining.map(({ uid }) => Math.max(0, config.slotsPerWorker - (busy.get(uid) ?? 0))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
