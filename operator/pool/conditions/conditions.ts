import { type ConditionReason, conditionReasons as reasons, conditionTypes as types } from "../../api/conditions.ts";
import { formatDuration, formatSeconds } from "../../api/duration.ts";
import { type GroupConfig, groupServes, slotUsesOf } from "../../api/pool-config.ts";
import { percentile } from "../../scaling/percentile.ts";
import { CUSTOM_AVATAR } from "../../scaling/size.ts";
import type { Plan } from "../plan.ts";
import { busyOn, type GroupSnapshot, isHeld, type Snapshot } from "../snapshot.ts";
import { isWarm, warmSlotsFor } from "../warmup/warmth.ts";
import { counted } from "../wording.ts";
import { accountLimit, overflowReady } from "./account-conditions.ts";
import { blockerOf } from "./blockers.ts";
import { conditionOf, type PoolCondition } from "./condition.ts";
import { creditsWithinBudget } from "./credits-condition.ts";
import { whyRefused } from "./refusal-conditions.ts";
import { credentialsValid, secretsUsable, whyNoClientMayLaunch } from "./secret-conditions.ts";
import { templateCurrent } from "./template-condition.ts";

/** All conditions of the pool, each with an actionable message. */
export function conditionsOf(snapshot: Snapshot, plan: Plan): readonly PoolCondition[] {
  return [
    ready(snapshot, plan),
    warmCapacity(snapshot, plan),
    startupObjective(snapshot),
    atMaximum(snapshot, plan),
    rolloutBlocked(plan),
    templateCurrent(plan),
    credentialsValid(snapshot),
    ...secretsUsable(snapshot),
    ...overflowReady(snapshot),
    ...creditsWithinBudget(snapshot),
    accountLimit(snapshot),
    paused(snapshot),
  ];
}

function ready(snapshot: Snapshot, plan: Plan): PoolCondition {
  const { pool } = snapshot;
  const finding = conditionOf(types.ready);
  const no = (reason: ConditionReason, message: string) => finding("False", reason, message);
  if (pool.deletedAtMs !== undefined) return no(reasons.deleting, deletionMessage(snapshot));

  const taken = snapshot.groups.find(({ deployment }) => deployment.kind === "foreign");
  if (taken?.deployment.kind === "foreign") return no(reasons.nameTaken, taken.deployment.why);

  const refused = whyRefused(snapshot);
  if (refused !== undefined) return no(refused.reason, refused.message);
  const overlay = snapshot.groups.find(({ rendered }) => rendered.refused !== undefined)?.rendered.refused;
  if (overlay !== undefined) return no(reasons.podTemplateRefused, overlay);

  const denial = whyNoClientMayLaunch(snapshot);
  if (denial !== undefined) return no(denial.reason, denial.message);

  const unserved = slotUsesOf(pool).filter((use) => !snapshot.groups.some((group) => serves(group, use, plan)));
  if (unserved.length === 0) {
    return finding("True", reasons.serving, isJobsOnly(snapshot) ? "agents can take jobs" : "every preset can be launched");
  }

  const credentials = credentialsValid(snapshot);
  if (credentials.status === "False") return no(credentials.reason, credentials.message);
  const names = unserved.join(", ");
  const blocker = blockerOf(
    snapshot,
    snapshot.groups.filter(({ config }) => unserved.some((use) => groupServes(config, use))),
  );
  return blocker === undefined
    ? no(reasons.starting, `workers for ${names} are starting`)
    : no(blocker.reason, `${names} cannot be launched: ${blocker.message}`);
}

function serves({ config, members }: GroupSnapshot, use: string, plan: Plan): boolean {
  if (!groupServes(config, use)) return false;
  return isAsleep(config, plan) || members.pods.some(({ containersReady }) => containersReady);
}

/** A group scaled to zero serves by growing at the next launch. If a worker remains and does not start, the group is not asleep. */
function isAsleep({ name }: GroupConfig, { groups, sizing }: Plan): boolean {
  const replicas = groups.flatMap((group) => (group.kind === "scale" && group.config.name === name ? group.replicas : []));
  return replicas[0] === 0 && sizing.groups.some(({ supply, workers }) => supply.name === name && workers === 0);
}

function warmCapacity(snapshot: Snapshot, plan: Plan): PoolCondition {
  const finding = conditionOf(types.warmCapacity);
  const { floors, unreadableSchedule } = plan.demand;
  if (unreadableSchedule.length > 0)
    return finding("False", reasons.scheduleUnreadable, `warm.schedule is invalid: ${unreadableSchedule.join("; ")}`);
  // While launches wait, an empty buffer is too small.
  const waits = (name: string) => (snapshot.load.queued.get(name) ?? 0) > 0;
  const wanted = (name: string) => Math.max(floors.get(name) ?? 0, waits(name) ? 1 : 0);
  const uses = slotUsesOf(snapshot.pool);
  const short = uses.filter((use) => warmSlotsFor(snapshot, use) < wanted(use));
  if (short.length === 0) {
    const whose = isJobsOnly(snapshot) ? "the pool" : "every preset";
    return finding("True", reasons.warm, `${whose} has at least ${counted(Math.min(...uses.map(wanted)), "warm slot")}`);
  }
  const groups = snapshot.groups.filter(({ config }) => short.some((use) => groupServes(config, use)));
  const blocker = blockerOf(snapshot, groups);
  const starting = groups.reduce((total, group) => total + group.members.pods.filter((pod) => !isWarm(pod)).length, 0);
  const because =
    blocker?.message ?? (starting > 0 ? `waiting for ${counted(starting, "worker")} to become warm` : "no worker has a free slot");
  const most = Math.max(...short.map(wanted));
  const reason = blocker?.reason ?? (starting > 0 ? reasons.starting : reasons.short);
  return finding("False", reason, `fewer than ${counted(most, "warm slot")} for ${short.join(", ")}: ${because}`);
}

function isJobsOnly({ pool }: Snapshot): boolean {
  return pool.presets.length === 0;
}

function startupObjective({ load, pool }: Snapshot): PoolCondition {
  const { targetMs, percentile: percent } = pool.objective.startup;
  const finding = conditionOf(types.startupObjective);
  const target = `target: ${percent}% of sessions start within ${formatDuration(targetMs)}`;
  const count = load.startupsMs.length;
  if (count === 0) return finding("Unknown", reasons.noLaunches, `${target}; no session has started recently`);
  const startupMs = percentile(load.startupsMs, percent / 100);
  const measured = `${target}; measured p${percent}: ${formatSeconds(startupMs)} over the last ${counted(count, "session")}`;
  return startupMs <= targetMs
    ? finding("True", reasons.objectiveMet, measured)
    : finding("False", reasons.objectiveMissed, `${measured}: keep more slots warm, or raise objective.startup.target`);
}

function rolloutBlocked({ groups }: Plan): PoolCondition {
  const rollouts = groups.flatMap((group) => (group.kind === "scale" ? group.rollout : []));
  const finding = conditionOf(types.rolloutBlocked);
  const blocked = rollouts.find((rollout) => rollout.kind === "blocked");
  if (blocked !== undefined) return finding("True", blocked.reason, blocked.message);
  const left = rollouts.reduce((total, rollout) => total + (rollout.kind === "under-way" ? rollout.left : 0), 0);
  return left === 0
    ? finding("False", reasons.upToDate, "every worker runs the current revision")
    : finding("False", reasons.rollingOut, `rolling out: ${counted(left, "worker")} left to replace`);
}

function atMaximum(snapshot: Snapshot, plan: Plan): PoolCondition {
  const unmet = plan.demand.sets.filter(({ set }) => plan.sizing.unmet.has(set.key));
  const finding = conditionOf(types.atMaximum);
  if (unmet.length === 0) return finding("False", reasons.belowMaximum, "demand is within the groups' maximum");
  // No number of missing slots: it changes every second as pressure decays, and each change would be a write.
  const presets = new Set(unmet.flatMap(({ set }) => set.presets));
  const names = [...presets].map((preset) => (preset === CUSTOM_AVATAR ? "custom avatars" : preset)).join(", ");
  const heldBack = snapshot.groups.filter(({ config }) => isHeld(snapshot, config)).map(({ config }) => config.name);
  const full = plan.sizing.groups.filter((size) => size.atMaximum).map(({ supply }) => supply.name);
  const cure = full.every((name) => heldBack.includes(name)) ? "see the condition Ready" : "raise max, or expect launches to wait";
  const message = `not enough slots for ${names}, and ${full.join(", ")} cannot grow: ${cure}`;
  return finding("True", reasons.demandExceedsMaximum, message);
}

function paused({ pool }: Snapshot): PoolCondition {
  const finding = conditionOf(types.paused);
  return pool.scaling.paused
    ? finding("True", reasons.paused, "scaling is paused: groups keep their size until scaling.paused is false")
    : finding("False", reasons.running, "group sizes follow demand");
}

function deletionMessage(snapshot: Snapshot): string {
  const { groups, retired } = snapshot;
  const members = [...groups.map((group) => group.members), ...retired.map((group) => group.members)];
  const sessions = members.reduce((total, group) => total + busyOn(group) + group.terminatingBusy, 0);
  const workers = members.reduce((total, { pods, terminating }) => total + pods.length + terminating.length, 0);
  const waits = `being deleted: waiting for ${counted(sessions, "session")} on ${counted(workers, "worker")}`;
  const refused = whyRefused(snapshot);
  return refused === undefined ? waits : `${waits}; ${refused.message}`;
}
