import { MILLI } from "../../api/credits-config.ts";
import { formatSeconds } from "../../api/duration.ts";
import type { AvatarPoolStatus, Condition, DecisionStatus, GroupStatus } from "../../api/v1alpha1/index.ts";
import { percentile } from "../../scaling/percentile.ts";
import type { PoolCondition } from "../conditions/condition.ts";
import { periodOf, spentIn } from "../credits/ledger.ts";
import { changesOf, type Plan } from "../plan.ts";
import type { DecisionRecord } from "../planning/decision.ts";
import { busyByUid, busyOn, type GroupSnapshot, type Snapshot } from "../snapshot.ts";
import { isWarm, warmSlotsFor, warmSlotsOf } from "../warmup/warmth.ts";

/** The status that the pool should have. Times are kept from the present status wherever nothing changed. */
export function statusOf(snapshot: Snapshot, plan: Plan, found: readonly PoolCondition[]): AvatarPoolStatus {
  const { pool, load } = snapshot;
  const groups = snapshot.groups.map((group) => groupStatus(group, plan));
  const startup = (share: number) => formatSeconds(percentile(load.startupsMs, share));
  const lastDecision = decisionStatus(changesOf(plan).at(-1)) ?? snapshot.lastDecision;
  return {
    observedGeneration: pool.generation,
    conditions: conditions(snapshot, found),
    sessions: total(groups, "sessions"),
    ...creditsStatus(snapshot),
    ...(pool.overflow === undefined ? {} : { overflowSessions: load.overflow.sessions }),
    slots: total(groups, "slots"),
    warmSlots: snapshot.groups.reduce((sum, group) => sum + warmSlotsOf(group), 0),
    queued: [...load.queued.values()].reduce((sum, count) => sum + count, 0),
    groups,
    presets: pool.presets.map(({ name }) => ({ name, warmSlots: warmSlotsFor(snapshot, name) })),
    ...(pool.livekit === undefined ? {} : { reclaimed: snapshot.reclaimed, wonBack: snapshot.reclaimed }),
    pressurePerMinute: load.pressurePerMinute,
    ...(load.startupsMs.length > 0 && { startup: { p50: startup(0.5), p95: startup(0.95) } }),
    ...(lastDecision === undefined ? {} : { lastDecision }),
  };
}

function creditsStatus({ credits, pool, nowMs }: Snapshot): Pick<AvatarPoolStatus, "credits"> {
  if (credits === undefined) return {};
  const { ledger, lastHour } = credits;
  const budget = pool.credits?.budget;
  return {
    credits: {
      selfHosted: ledger.total["self-hosted"] / MILLI,
      cloud: ledger.total.cloud / MILLI,
      lastHour: lastHour / MILLI,
      ...(budget === undefined ? {} : { budgetUsed: spentIn(ledger, periodOf(nowMs, budget.period)) / MILLI }),
    },
  };
}

function decisionStatus(change: DecisionRecord | undefined): DecisionStatus | undefined {
  if (change === undefined) return undefined;
  const { atMs, group, from, to, reason } = change;
  return { time: time(atMs), group, from, to, reason };
}

function groupStatus(group: GroupSnapshot, plan: Plan): GroupStatus {
  const { config, members, deployment } = group;
  const planned = plan.groups.find((candidate) => candidate.config.name === config.name);
  const template = planned?.kind === "scale" ? planned.template : undefined;
  const own = deployment.kind === "own" ? deployment.view.replicas : 0;
  const busy = busyByUid(members);
  // Gateways trust their own probe, which is quicker than the kubelet's: a worker may have sessions before its pod is ready.
  const serving = members.pods.filter((pod) => pod.containersReady || (busy.get(pod.uid) ?? 0) > 0);
  return {
    name: config.name,
    desired: planned?.kind === "scale" ? planned.replicas : own,
    ready: members.pods.filter((pod) => pod.ready).length,
    warm: members.pods.filter((pod) => isWarm(pod) && pod.cordonedAtMs === undefined).length,
    draining: members.pods.filter((pod) => pod.cordonedAtMs !== undefined).length + members.terminating.length,
    sessions: busyOn(members) + members.terminatingBusy,
    slots: serving.length * config.slotsPerWorker + members.terminatingBusy,
    unschedulable: members.pods.filter((pod) => pod.unschedulable !== undefined).length,
    ...(template?.kept === "upgrade" && { templateRenderedBy: template.renderedBy }),
  };
}

function conditions(snapshot: Snapshot, found: readonly PoolCondition[]): Condition[] {
  return found.map((finding) => {
    const before = snapshot.status?.conditions?.find(({ type }) => type === finding.type);
    const lastTransitionTime = before?.status === finding.status ? before.lastTransitionTime : time(snapshot.nowMs);
    return { ...finding, lastTransitionTime, observedGeneration: snapshot.pool.generation };
  });
}

function total(groups: readonly GroupStatus[], field: "sessions" | "slots"): number {
  return groups.reduce((sum, group) => sum + group[field], 0);
}

/** Kubernetes keeps whole seconds. */
function time(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[.][0-9]{3}Z$/, "Z");
}
