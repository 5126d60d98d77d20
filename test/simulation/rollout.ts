/** The Deployment controller's arithmetic: how large each ReplicaSet is to be. Pure. */

export interface ReplicaSet {
  readonly hash: string;
  readonly replicas: number;
  /** Pods of it that are not being deleted. */
  readonly pods: number;
  /** Of those: Ready. */
  readonly ready: number;
}

export interface RolloutBounds {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** Held back: sizes change with what is desired, and no worker is replaced. */
  readonly paused: boolean;
}

/**
 * The sizes after the next step of a rolling update, by template hash. Source: `pkg/controller/deployment/rolling.go`
 * (`reconcileNewReplicaSet`, `reconcileOldReplicaSets`) and `NewRSNewReplicas` in `util/deployment_util.go`.
 */
export function nextSizes(sets: readonly ReplicaSet[], newest: string, bounds: RolloutBounds): ReadonlyMap<string, number> {
  const { desired, maxSurge, maxUnavailable } = bounds;
  const sizes = new Map(sets.map(({ hash, replicas }) => [hash, replicas]));
  const own = sizes.get(newest) ?? 0;
  const old = sets.filter(({ hash, replicas }) => hash !== newest && replicas > 0);
  if (old.length === 0) return sizes.set(newest, desired);

  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (bounds.paused) return scaled(sizes, desired - total, maxSurge);
  if (own > desired) return sizes.set(newest, desired);
  const growth = Math.min(desired - own, desired + maxSurge - total);
  if (growth > 0) return sizes.set(newest, own + growth);

  const newSet = sets.find(({ hash }) => hash === newest);
  const newUnavailable = own - (newSet?.ready ?? 0);
  let removable = total - (desired - maxUnavailable) - newUnavailable;
  for (const set of old) {
    // Those that do not work go first: they are missed by nobody.
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

/** The largest ReplicaSet takes the whole change; those that are surplus for the rollout's sake stay. */
function scaled(sizes: Map<string, number>, change: number, maxSurge: number): ReadonlyMap<string, number> {
  const by = change > 0 ? change : Math.min(0, change + maxSurge);
  const [largest] = [...sizes].sort(([, a], [, b]) => b - a);
  return largest === undefined ? sizes : sizes.set(largest[0], Math.max(0, largest[1] + by));
}

/** A number or a percentage of the desired size: surges are rounded up, shortages down. */
export function absolute(value: number | string | undefined, desired: number, round: (value: number) => number): number {
  if (typeof value === "number") return value;
  return value === undefined ? 0 : round((Number.parseInt(value, 10) / 100) * desired);
}
