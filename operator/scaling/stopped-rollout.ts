import {
  cordonedOf,
  isIdle,
  leastDisturbing,
  noStep,
  releasable,
  type ShrinkStep,
  type WorkerState,
  waitingFor,
} from "./victims.ts";

/**
 * Who goes when a group shrinks in the middle of a rollout that is stopped. Its workers belong to several ReplicaSets, which
 * a change of replicas is shared out to. A rollout that goes on is waited for; one that is stopped may stay so for days, and
 * the idle workers that it keeps may hold the very node that it waits for.
 */

/**
 * The next step from `replicas` workers towards `target`, which is one replica further at most: with one, no ReplicaSet but the
 * largest is made smaller, which leaves new workers that wait alone (where `maxSurge` is a share, others may lose one too).
 *
 * Guarantees those of `shrink`, ReplicaSet by ReplicaSet: replicas are lowered only once whichever is made smaller has as many
 * workers with the lowest cost, without sessions and cordoned at every gateway, as it loses.
 *
 * @param workers pods of the group that are not being deleted; `target` is not 0.
 * @param newest the revision that the others are replaced by.
 * @param surgeOf how many pods beyond so many replicas there are while the rollout lasts.
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
  // Fewer pods than the surge allows there are only once enough of them are new.
  const isFull = (set: readonly WorkerState[]) => set[0]?.revision === newest && set.length === replicas;
  const settled = workers.length === most || (workers.length < most && sets.some(isFull));
  const cordoned = cordonedOf(workers);
  if (target >= replicas) return { ...noStep, uncordon: settled ? cordoned : cordoned.filter(({ released }) => !released) };
  // What was released may still be there, or somebody else is on the way: the sizes are not as they will be.
  if (!settled) return { ...noStep, waitingFor: `${workers.length} pods exist for ${replicas} replicas in a rollout` };

  const sizes = sets.map(({ length }) => length);
  const shared = replicaSetLosses(sizes, most, replicas - 1 + surgeOf(replicas - 1));
  // No ReplicaSet keeps more than there are replicas.
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
 * Most pods that each of several ReplicaSets loses when a Deployment may have `after` pods instead of `before`: in proportion,
 * rounded, the largest first, which takes what is left over. Of those equally large the oldest comes first, which pods do not
 * tell: each of them is taken for it.
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

/** `rollout.maxSurge` in pods, of so many replicas. A share is rounded up, as Kubernetes does. */
export function surgePods(maxSurge: number | string, replicas: number): number {
  return typeof maxSurge === "number" ? maxSurge : Math.ceil((Number.parseInt(maxSurge, 10) * replicas) / 100);
}
