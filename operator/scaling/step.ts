/** Workers that the default step allows in any group. */
const LEAST_STEP = 10;

/**
 * Maximum size of a group after one decision: one step beyond the existing pods, so the next step waits for the pods of the
 * previous one. The limit never lowers the present replicas.
 * @param maxStep the user's limit; by default 10 workers or half of the group, whichever is more.
 * @param seen pods of the group in the watch, which may show too many or too few.
 */
export function growthLimit(maxStep: number | undefined, replicas: number, seen: number): number {
  const existing = Math.min(replicas, seen);
  return Math.max(replicas, existing + (maxStep ?? Math.max(LEAST_STEP, Math.ceil(existing / 2))));
}
