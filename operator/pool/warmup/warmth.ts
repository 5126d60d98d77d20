import type { PoolConfig } from "../../api/pool-config.ts";
import type { PoolLoadView } from "../load/load-hub.ts";
import { busyByUid, type GroupSnapshot, type Snapshot } from "../snapshot.ts";
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
  if (pool.warm.mode !== "session" || !pod.containersReady) return false;
  const warming = !isWarm(pod) || nowMs - (pod.warmSinceMs ?? 0) < WARMUP_SEEN_MS;
  return warming && (load.workers.get(pod.uid)?.sessions ?? 0) > 0;
}

/** Free slots on warm workers of a group that accept launches. */
export function warmSlotsOf({ config, members }: GroupSnapshot): number {
  const busy = busyByUid(members);
  return members.pods
    .filter((pod) => isWarm(pod) && pod.cordonedAtMs === undefined)
    .reduce((free, { uid }) => free + Math.max(0, config.slotsPerWorker - (busy.get(uid) ?? 0)), 0);
}

/** Warm slots that can serve a preset. */
export function warmSlotsFor(snapshot: Snapshot, preset: string): number {
  return snapshot.groups.reduce((total, group) => total + (group.config.presets.includes(preset) ? warmSlotsOf(group) : 0), 0);
}
