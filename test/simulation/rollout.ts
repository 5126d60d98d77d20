/** The Deployment controller's arithmetic: the size of each ReplicaSet. Pure. */

export interface ReplicaSet {
  readonly hash: string;
  readonly replicas: number;
  /** Pods of it that are not being deleted. */
  readonly pods: number;
  /** Of those: Ready. */
  readonly ready: number;
  /** From its annotations: the Deployment's replicas at its last scaling, and the number of pods that they allowed. */
  readonly desired: number;
  readonly most: number;
}

export interface RolloutBounds {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** Paused: sizes follow the desired replicas, and no worker is replaced. */
  readonly paused: boolean;
}

export interface Sizes {
  /** By template hash. */
  readonly replicas: ReadonlyMap<string, number>;
  /** The number of replicas has changed. Otherwise workers are replaced. */
  readonly scaling: boolean;
}

/**
 * The sizes after the next step. A step that scales replaces nothing.
 * Source: `syncDeployment` and `isScalingEvent` in `pkg/controller/deployment`.
 * @param sets the oldest first.
 */
export function nextSizes(sets: readonly ReplicaSet[], newest: string, bounds: RolloutBounds): Sizes {
  const scaling = bounds.paused || sets.some(({ replicas, desired }) => replicas > 0 && desired !== bounds.desired);
  if (!scaling) return { scaling, replicas: replaced(sets, newest, bounds) };
  return isDone(sets, newest, bounds)
    ? { scaling: false, replicas: new Map(sets.map(({ hash, replicas }) => [hash, hash === newest ? replicas : 0])) }
    : { scaling, replicas: scaled(sets, newest, bounds) };
}

/** All new pods are ready, so the old ones are removed in any case. Source: `IsSaturated` in `util/deployment_util.go`. */
function isDone(sets: readonly ReplicaSet[], newest: string, bounds: RolloutBounds): boolean {
  const { replicas, desired, ready } = sets.find(({ hash }) => hash === newest) ?? {};
  return [replicas, desired, ready].every((count) => count === bounds.desired) && sets.filter((set) => set.replicas > 0).length > 1;
}

/** Source: `scale` in `sync.go`, `GetReplicaSetProportion` in `util/deployment_util.go`. */
function scaled(sets: readonly ReplicaSet[], newest: string, { desired, maxSurge }: RolloutBounds): ReadonlyMap<string, number> {
  const sizes = sizesOf(sets);
  const active = sets.filter(({ replicas }) => replicas > 0);
  const [only] = active;
  if (active.length < 2) return sizes.set(only?.hash ?? newest, desired);
  const most = desired === 0 ? 0 : desired + maxSurge;
  const change = most - total(sizes);
  // Larger sets first. Among equal ones, the oldest shrinks first and the newest grows first.
  const order = change > 0 ? [...active].reverse() : active;
  const sorted = [...order].sort((a, b) => b.replicas - a.replicas);
  let left = change;
  for (const { hash, replicas, most: before } of sorted) {
    const share = desired === 0 ? -replicas : Math.round((replicas * most) / before) - replicas;
    const here = change > 0 ? Math.min(share, left) : Math.max(share, left);
    if (change !== 0) sizes.set(hash, replicas + here);
    left -= change === 0 ? 0 : here;
  }
  const largest = sorted[0]?.hash ?? newest;
  return sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + left));
}

/**
 * Source: `rolling.go` (`reconcileNewReplicaSet`, `reconcileOldReplicaSets`), `NewRSNewReplicas` in `util/deployment_util.go`.
 */
function replaced(sets: readonly ReplicaSet[], newest: string, bounds: RolloutBounds): ReadonlyMap<string, number> {
  const { desired, maxSurge, maxUnavailable } = bounds;
  const sizes = sizesOf(sets);
  const own = sizes.get(newest) ?? 0;
  const old = sets.filter(({ hash, replicas }) => hash !== newest && replicas > 0);
  if (old.length === 0 || own > desired) return sizes.set(newest, desired);
  const growth = Math.min(desired - own, desired + maxSurge - total(sizes));
  if (growth > 0) return sizes.set(newest, own + growth);

  const newSet = sets.find(({ hash }) => hash === newest);
  const newUnavailable = own - (newSet?.ready ?? 0);
  let removable = total(sizes) - (desired - maxUnavailable) - newUnavailable;
  for (const set of old) {
    // Workers that are not ready are removed first, because they serve no session.
    const unhealthy = Math.min(set.replicas - set.ready, Math.max(0, removable));
    sizes.set(set.hash, set.replicas - unhealthy);
    removable -= unhealthy;
  }
  const available = sets.reduce((sum, { ready, replicas }) => sum + Math.min(ready, replicas), 0);
  let spare = available - (desired - maxUnavailable);
  for (const set of old) {
    const gone = Math.min(sizes.get(set.hash) ?? 0, Math.max(0, spare));
    sizes.set(set.hash, (sizes.get(set.hash) ?? 0) - gone);
    spare -= gone;
  }
  return sizes;
}

function sizesOf(sets: readonly ReplicaSet[]): Map<string, number> {
  return new Map(sets.map(({ hash, replicas }) => [hash, replicas]));
}

function total(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** A number or a percentage of the desired size: surges are rounded up, shortages down. */
export function absolute(value: number | string | undefined, desired: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  return value === undefined ? 0 : round((Number.parseInt(value, 10) * desired) / 100);
}
