import type { ShrinkStep, WorkerState } from "./victims.ts";
import { cordonedOf, isIdle, leastDisturbing, noStep, releasable, waitingFor } from "./victims.ts";

/**
 * Scale-down of a group whose rollout is stopped. Kubernetes distributes a change of replicas over the ReplicaSets of such a
 * Deployment. A scale-down waits for a rollout that makes progress. But a stopped one may last for days, and its idle workers
 * may occupy the node that it needs.
 */

/**
 * The next step from `replicas` workers towards `target`. A step removes at most one replica: then only the largest ReplicaSet
 * shrinks, and the new workers that wait stay (if `maxSurge` is a percentage, other ReplicaSets may lose one too).
 *
 * Gives the guarantees of `shrink` for each ReplicaSet: replicas are lowered only when every ReplicaSet that shrinks has enough
 * workers with the lowest cost, without sessions, and cordoned at every gateway.
 *
 * @param workers pods of the group that are not being deleted; `target` is not 0.
 * @param newest the revision of the new pods.
 * @param surgeOf number of pods in excess of this many replicas during the rollout.
 */
export function shrinkStopped(
  workers: readonly WorkerState[],
  replicas: number,
  target: number,
  newest: string,
  surgeOf: (replicas: number) => number,
): ShrinkStep {
  const most = replicas + surgeOf(replicas);
  const sets = [...Map.groupBy(workers, ({ revision }) => revision).values()];
  // A rollout has fewer pods than the surge allows only when enough of them are new.
  const isFull = (set: readonly WorkerState[]) => set[0]?.revision === newest && set.length === replicas;
  const settled = workers.length === most || (workers.length < most && sets.some(isFull));
  const cordoned = cordonedOf(workers);
  if (target >= replicas) return { ...noStep, uncordon: settled ? cordoned : cordoned.filter(({ released }) => !released) };
  // Released pods may still exist, or new ones may follow: the sizes are not final.
  if (!settled) return { ...noStep, waitingFor: `${workers.length} pods exist for ${replicas} replicas in a rollout` };

  const sizes = sets.map(({ length }) => length);
  const shared = replicaSetLosses(sizes, most, replicas - 1 + surgeOf(replicas - 1));
  // No ReplicaSet keeps more pods than the Deployment has replicas.
  const losses = sets.map((set, index) => Math.max(shared[index] ?? 0, isFull(set) ? 1 : 0));
  const victims = sets.map((set, index) => [...set].sort(leastDisturbing).slice(0, losses[index]));
  const leaving = victims.flat().filter(({ cordonedAtMs }) => cordonedAtMs !== undefined);
  const idle = leaving.filter(isIdle);
  const ready = sets.flatMap((set, index) => {
    const going = (victims[index] ?? []).filter((worker) => idle.includes(worker));
    return releasable(set, going);
  });
  const complete = ready.length === victims.flat().length;
  return {
    ...noStep,
    cordon: victims.flat().filter(({ cordonedAtMs }) => cordonedAtMs === undefined),
    uncordon: cordoned.filter((worker) => !leaving.includes(worker)),
    release: complete ? ready : [],
    lowerBy: complete ? 1 : 0,
    waitingFor: waitingFor(leaving, idle, ready),
  };
}

/**
 * Maximum number of pods that each ReplicaSet loses when a Deployment shrinks from `before` to `after` pods: its proportional
 * share, rounded, the largest first, which also loses the remainder. Among equally large ones the oldest comes first. Pods do
 * not show the age of their ReplicaSet, so each of these counts as the oldest.
 * Source: `scale` in Kubernetes `pkg/controller/deployment/sync.go`, `GetReplicaSetProportion` in `util/deployment_util.go`.
 */
export function replicaSetLosses(sizes: readonly number[], before: number, after: number): readonly number[] {
  const sorted = [...sizes].sort((a, b) => b - a);
  let left = Math.max(0, sizes.reduce((sum, size) => sum + size, 0) - after);
  const losses = sorted.map((size) => {
    const loss = Math.min(left, size - Math.round((size * after) / before));
    left -= loss;
    return loss;
  });
  const lossesOf = new Map<number, number>();
  sorted.forEach((size, index) => {
    const loss = Math.min(size, (losses[index] ?? 0) + (index === 0 ? left : 0));
    lossesOf.set(size, Math.max(loss, lossesOf.get(size) ?? 0));
  });
  return sizes.map((size) => lossesOf.get(size) ?? 0);
}

/** `rollout.maxSurge` in pods for this many replicas. A percentage is rounded up, as Kubernetes does. */
export function surgePods(maxSurge: number | string, replicas: number): number {
  return typeof maxSurge === "number" ? maxSurge : Math.ceil((Number.parseInt(maxSurge, 10) * replicas) / 100);
}
