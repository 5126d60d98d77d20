import type { DecisionMark, FleetRow, GroupSummary, WorkerTile } from "../api/console.ts";
import { type PoolConfig, slotUsesOf } from "../api/pool-config.ts";
import { launchTotals, remainingBudget } from "../pool/figures/error-budget.ts";
import { costPerHourOf } from "../pool/figures/pool-figures.ts";
import type { PoolMemory, Reported } from "../pool/memory.ts";
import { warmWantedIn } from "../pool/plan.ts";
import { isFresh } from "../pool/planning/rollout.ts";
import type { GroupSnapshot, Members } from "../pool/snapshot.ts";
import type { PoolView } from "../pool/views.ts";
import { warmSlotsFor } from "../pool/warmup/warmth.ts";
import { percentile } from "../scaling/percentile.ts";
import { CUSTOM_AVATAR } from "../scaling/size.ts";
import { CUSTOM_AVATARS } from "../telemetry/pool-metrics.ts";
import { healthOf } from "./health.ts";
import type { PoolPicture } from "./source.ts";
import { type TileContext, workerTile } from "./worker-tile.ts";

/** A pool as its last reconcile reported it. */
export interface SeenPool extends Reported {
  readonly launches: PoolMemory["launches"];
}

/** @param stale whether no gateway is connected now. */
export function fleetRow(seen: SeenPool, stale: boolean): FleetRow {
  const { snapshot, plan, status, launches } = seen;
  const { pool, load } = snapshot;
  const totals = launchTotals(load);
  const costPerHour = costPerHourOf(snapshot.groups);
  const arrived = totals.arrived - (launches[0]?.arrived ?? 0);
  return {
    ...ofConfig(pool),
    ...healthOf(status.conditions ?? []),
    sessions: status.sessions ?? 0,
    slots: status.slots ?? 0,
    warmSlots: status.warmSlots ?? 0,
    warmWanted: warmWantedIn(plan),
    queued: status.queued ?? 0,
    pressurePerMinute: load.pressurePerMinute,
    ...(load.startupsMs.length > 0 && { startupP95Ms: percentile(load.startupsMs, 0.95) }),
    ...(arrived > 0 && { errorBudget: remainingBudget(launches, totals, pool.objective.launchSuccessPercent) }),
    ...(costPerHour !== undefined && { costPerHour }),
    stale,
  };
}

/** The row of a pool that this operator has not reconciled yet: what its status has. */
export function unreportedRow({ config, status }: PoolView): FleetRow {
  return {
    ...ofConfig(config),
    ...healthOf(status?.conditions ?? []),
    sessions: status?.sessions ?? 0,
    slots: status?.slots ?? 0,
    warmSlots: status?.warmSlots ?? 0,
    queued: status?.queued ?? 0,
    pressurePerMinute: status?.pressurePerMinute ?? 0,
    stale: true,
  };
}

function ofConfig({ namespace, name, objective }: PoolConfig) {
  return { namespace, name, objectiveMs: objective.startup.targetMs, objectivePercentile: objective.startup.percentile };
}

/** The details of a pool beside its row and its workers. */
export function poolDetails(
  { snapshot, status }: Reported,
  latest: readonly DecisionMark[],
): Pick<PoolPicture["summary"], "groups" | "presets" | "conditions" | "latest"> {
  const { pool, load } = snapshot;
  const custom = load.queued.get(CUSTOM_AVATAR);
  return {
    groups: snapshot.groups.map((group) => groupSummary(group, status)),
    presets: [
      ...slotUsesOf(pool).map((name) => ({ name, warmSlots: warmSlotsFor(snapshot, name), queued: load.queued.get(name) ?? 0 })),
      ...(custom === undefined ? [] : [{ name: CUSTOM_AVATARS, warmSlots: 0, queued: custom }]),
    ],
    conditions: (status.conditions ?? []).map(({ type, status: holds, reason, message }) => ({
      type,
      status: holds,
      reason,
      message,
    })),
    latest,
  };
}

function groupSummary({ config }: GroupSnapshot, status: Reported["status"]): GroupSummary {
  const { name, engine, min, max, costPerHour } = config;
  const desired = status.groups?.find((each) => each.name === name)?.desired ?? 0;
  return { name, engine: engine.name, desired, min, max, ...(costPerHour !== undefined && { costPerHour }) };
}

/** The tiles of all workers by UID: those of groups in the order of the pool, then those of groups that it no longer has. */
export function workerTiles({ snapshot }: Reported): ReadonlyMap<string, WorkerTile> {
  const { pool, load, groups, retired, nowMs } = snapshot;
  const tiles = new Map<string, WorkerTile>();
  const add = (members: Members, contextOf: (pod: Members["pods"][number]) => Omit<TileContext, "load" | "nowMs">) => {
    for (const pod of [...members.pods, ...members.terminating, ...members.ended])
      tiles.set(pod.uid, workerTile(pod, { ...contextOf(pod), load: load.workers.get(pod.uid), nowMs }));
  };
  for (const group of groups) {
    const { slotsPerWorker, presets } = group.config;
    const common = { slots: slotsPerWorker, presets, warmup: pool.warm.mode };
    add(group.members, (pod) => ({ ...common, outdated: group.deployment.kind === "own" && !isFresh(group, pod) }));
  }
  for (const { members } of retired)
    add(members, ({ uid }) => ({ slots: load.workers.get(uid)?.slots ?? 0, presets: [], warmup: pool.warm.mode, outdated: true }));
  return tiles;
}
