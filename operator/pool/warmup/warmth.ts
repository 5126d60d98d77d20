import { groupServes, type PoolConfig } from "../../api/pool-config.ts";
import { findEngine } from "../../engines/index.ts";
import type { PoolLoadView } from "../load/load-hub.ts";
import type { GroupSnapshot, Snapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";

/** Whether a pod's worker is warm: the gate was set after the last start of the worker's process. */
export function isWarm(pod: PodView): boolean {
  return pod.containersReady && pod.warmSinceMs !== undefined && pod.warmSinceMs >= (pod.startedAtMs ?? 0);
}

/** After a warm-up, gateways may count its session until their next probe, at most a second later. */
export const WARMUP_SEEN_MS = 2_000;

/**
 * Whether one of a worker's sessions is considered its warm-up session. If that session counted as demand, every new worker
 * would require another one.
 */
export function hasWarmupSession(
  pod: PodView,
  pool: Pick<PoolConfig, "warm">,
  load: Pick<PoolLoadView, "workers">,
  nowMs: number,
): boolean {
  if (pool.warm.mode !== "session" || !pod.containersReady || findEngine(pod.engine)?.jobs !== undefined) return false;
  const warming = !isWarm(pod) || nowMs - (pod.warmSinceMs ?? 0) < WARMUP_SEEN_MS;
  return warming && (load.workers.get(pod.uid)?.sessions ?? 0) > 0;
}

/** Free slots on warm workers of a group that accept launches. */
export function warmSlotsOf({ config, members }: GroupSnapshot): number {
  const workers = new Map(members.workers.map((worker) => [worker.uid, worker]));
  return members.pods
    .filter((pod) => isWarm(pod) && pod.cordonedAtMs === undefined)
    .map(({ uid }) => workers.get(uid))
    .reduce((free, worker) => free + Math.max(0, config.slotsPerWorker - (worker?.busy ?? 0) - (worker?.blocked ?? 0)), 0);
}

/** Warm slots that can serve a preset or `JOBS`. */
export function warmSlotsFor(snapshot: Snapshot, preset: string): number {
  return snapshot.groups.reduce((total, group) => total + (groupServes(group.config, preset) ? warmSlotsOf(group) : 0), 0);
}
