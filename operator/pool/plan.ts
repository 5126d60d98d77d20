import { type SetDemand, type Sizing, sizeGroups } from "../scaling/size.ts";
import { noStep } from "../scaling/victims.ts";
import { earliest, remaining } from "./delays.ts";
import type { DecisionRecord } from "./planning/decision.ts";
import { demandOf, holdMsOf, type PoolDemand } from "./planning/demand.ts";
import { ABANDONED_AFTER_MS, drainEnds } from "./planning/drain-end.ts";
import { failuresOf, toDiscard } from "./planning/failures.ts";
import { type GroupPlan, planGroup } from "./planning/plan-group.ts";
import { planRetirement, type RetirePlan, retireAll } from "./planning/plan-retirement.ts";
import { outlookOf, supplyOf } from "./planning/supply.ts";
import { isHeld, type Snapshot } from "./snapshot.ts";
import type { PodView } from "./views.ts";
import { WARMUP_SEEN_MS } from "./warmup/warmth.ts";

/** What to write for a pool now, as data with its reasons. */
export interface Plan {
  readonly finalizer: "add" | "keep" | "remove";
  readonly groups: readonly GroupPlan[];
  /** Deployments that are to be emptied and removed. */
  readonly retire: readonly RetirePlan[];
  /** Pods that ended permanently and are to be deleted; the latest are kept for inspection. */
  readonly discard: readonly PodView[];
  readonly demand: PoolDemand;
  readonly sizing: Sizing;
  /** What was decided on each group, whether it changes anything or not. */
  readonly records: readonly DecisionRecord[];
  /** In how many milliseconds the plan changes with time alone. */
  readonly requeueAfterMs: number | undefined;
}

/** The changes of size among what was decided. */
export function changesOf({ records }: Plan): readonly DecisionRecord[] {
  return records.filter(({ outcome }) => outcome !== "unchanged");
}

/** Free warm slots that a pool should have, over all sets of presets that share groups. */
export function warmWantedIn({ demand }: Pick<Plan, "demand">): number {
  return demand.sets.reduce((sum, { warm }) => sum + warm, 0);
}

/** The plan without the groups that could not be written: their Deployments keep their size, and no decision is recorded. */
export function carriedOut(plan: Plan, unwritten: ReadonlySet<string>): Plan {
  if (unwritten.size === 0) return plan;
  const names = new Set([
    ...plan.groups.filter(({ config }) => unwritten.has(config.deploymentName)).map(({ config }) => config.name),
    ...plan.retire.filter(({ deployment }) => unwritten.has(deployment.name)).map(({ deployment }) => deployment.group),
  ]);
  const before = new Map(plan.records.map(({ group, from }) => [group, from]));
  return {
    ...plan,
    groups: plan.groups.map((group) =>
      group.kind === "scale" && names.has(group.config.name)
        ? { ...group, replicas: before.get(group.config.name) ?? group.replicas, step: noStep }
        : group,
    ),
    retire: plan.retire.map((retire) =>
      names.has(retire.deployment.group) ? { ...retire, replicas: retire.deployment.replicas, step: noStep, expired: [] } : retire,
    ),
    records: plan.records.filter(({ group }) => !names.has(group)),
  };
}

const RECHECK_CREDENTIALS_MS = 5_000;
/** If no watch and no gateway reports a change earlier. */
const UNSEEN_RECHECK_MS = 5_000;

/** Decides. Pure: the same snapshot gives the same plan, and a plan for a world that is as planned changes nothing. */
export function plan(snapshot: Snapshot): Plan {
  const { pool, nowMs, load } = snapshot;
  const demand = demandOf(snapshot);
  if (pool.deletedAtMs !== undefined) return planDeletion(snapshot, demand, pool.deletedAtMs);

  const outlooks = snapshot.groups.map((group) => outlookOf(group, nowMs));
  const supplied = snapshot.groups.flatMap((group, index) => {
    const outlook = outlooks[index];
    return outlook === undefined ? [] : { group, outlook, supply: supplyOf(group, outlook, nowMs, isHeld(snapshot, group.config)) };
  });
  const supplies = supplied.map(({ supply }) => supply);
  const sizing = sizeGroups(supplies, demand.sets);
  const planned = supplied.flatMap(({ group, outlook }, index) => {
    const size = sizing.groups[index];
    if (size === undefined) return [];
    const asked = demand.sets.filter(({ set }) => set.groups.includes(group.config.name));
    const basis = { demand: demand.inputs, supplies };
    const wish = { size, outlook, ...wishOf(asked), basis, holdMs: holdMsOf(snapshot, group.config.name) };
    return planGroup(snapshot, group, wish);
  });
  return {
    // Before the first pod there is nothing to drain.
    finalizer: !snapshot.hasFinalizer && hasPods(snapshot) ? "add" : "keep",
    groups: planned.map(({ group }) => group),
    retire: snapshot.retired.map((retired) => planRetirement(snapshot, retired, undefined)),
    discard: discarded(snapshot),
    demand,
    sizing,
    records: planned.flatMap(({ record }) => record ?? []),
    requeueAfterMs: earliest(
      planned.map(({ requeueAfterMs }) => requeueAfterMs),
      snapshot.credentials.kind === "present" && snapshot.secretProblems.length === 0 ? undefined : RECHECK_CREDENTIALS_MS,
      snapshot.unseenWorkers > 0 ? UNSEEN_RECHECK_MS : undefined,
      // Later, that session counts as a caller's.
      snapshot.groups.some(({ members }) => members.warmupSessions > 0) ? WARMUP_SEEN_MS : undefined,
      membersDueMs(snapshot),
      remaining(drainEnds(snapshot).dueMs, nowMs),
      remaining(load.deficitFallsAtMs, nowMs),
      [...load.accountErrors.values()].map((untilMs) => remaining(untilMs, nowMs)),
      remaining(load.overflow.error?.untilMs, nowMs),
      remaining(demand.scheduleDueMs, nowMs),
    ),
  };
}

function planDeletion(snapshot: Snapshot, demand: PoolDemand, deletedAtMs: number): Plan {
  const { retire, records, requeueAfterMs } = retireAll(snapshot, deletedAtMs);
  return {
    finalizer: snapshot.hasFinalizer && retire.length === 0 ? "remove" : "keep",
    groups: [],
    retire,
    discard: discarded(snapshot),
    demand,
    sizing: { groups: [], unmet: new Map() },
    records,
    requeueAfterMs: earliest(requeueAfterMs, membersDueMs(snapshot)),
  };
}

/** When the members change with time alone. */
function membersDueMs({ groups, retired, nowMs }: Snapshot): number | undefined {
  return earliest(
    [...groups, ...retired].flatMap(({ members }) => [
      remaining(members.protection.dueMs, nowMs),
      remaining(failuresOf(members.ended, nowMs)?.untilMs, nowMs),
      ...members.terminating.map(({ endsAtMs }) => endsAtMs && remaining(endsAtMs + ABANDONED_AFTER_MS, nowMs)),
    ]),
  );
}

function discarded({ groups, retired }: Snapshot): readonly PodView[] {
  return [...groups, ...retired].flatMap(({ members }) => toDiscard(members.ended));
}

function wishOf(demands: readonly SetDemand[]): { readonly deficit: number; readonly because: string } {
  return {
    deficit: demands.reduce((sum, { deficit }) => sum + deficit, 0),
    because: [...new Set(demands.map(({ because }) => because))].filter((clause) => clause !== "").join("; "),
  };
}

function hasPods({ groups }: Snapshot): boolean {
  return groups.some(({ members }) => members.pods.length + members.terminating.length > 0);
}
