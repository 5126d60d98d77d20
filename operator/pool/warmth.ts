import type { PoolConfig } from "../api/pool-config.ts";
import type { PoolLoadView } from "./load-hub.ts";
import type { GroupSnapshot, Snapshot } from "./snapshot.ts";
import type { PodView } from "./views.ts";

/** Whether a pod's worker has its presets loaded: the gate was set after the worker's process was started last. */
export function isWarm(pod: PodView): boolean {
  return pod.containersReady && pod.warmSinceMs !== undefined && pod.warmSinceMs >= (pod.startedAtMs ?? 0);
}

/** After a warm-up gateways may count its session until their next probe, which is a second away at most. */
export const WARMUP_SEEN_MS = 2_000;

/**
 * Whether one of a worker's sessions is taken for the one that loads its presets. Were it counted as demand, every new worker
 * would ask for a further one.
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

/** Free slots on warm workers of a group that take launches. */
export function warmSlotsOf({ config, members }: GroupSnapshot): number {
  let free = 0;
  members.pods.forEach((pod, index) => {
    const worker = members.workers[index];
    if (worker === undefined || worker.cordonedAtMs !== undefined || !isWarm(pod)) return;
    free += Math.max(0, config.slotsPerWorker - worker.busy);
  });
  return free;
}

/** Warm slots that can serve a preset. */
export function warmSlotsFor(snapshot: Snapshot, preset: string): number {
  return snapshot.groups.reduce((total, group) => total + (group.config.presets.includes(preset) ? warmSlotsOf(group) : 0), 0);
}
