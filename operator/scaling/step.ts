/** Fewest workers that the default step allows. */
const LEAST_STEP = 10;

/**
 * Most workers that a group may have after one decision: a step beyond those that exist, so that the next step waits for
 * the pods of the last one. What was asked for is never taken back by it.
 * @param maxStep the user's limit; by default 10 workers, or half of the group's size where that is more.
 * @param seen pods of the group, which a lagging or mistaken view may show too many or too few of.
 */
export function growthLimit(maxStep: number | undefined, replicas: number, seen: number): number {
  const existing = Math.min(replicas, seen);
  return Math.max(replicas, existing + (maxStep ?? Math.max(LEAST_STEP, Math.ceil(existing / 2))));
}
