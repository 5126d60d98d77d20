import { isIdle, releasable, type ShrinkStep, type WorkerState } from "./victims.ts";

/**
 * Removes idle workers that a user drains from a group that does not shrink otherwise. If the group needs fewer workers without
 * them, it is lowered by the path of `shrink`. Otherwise their pods are deleted, and the Deployment replaces them.
 *
 * @param enough workers that the group needs beside the drained ones; undefined if the group must keep its size.
 */
export function removeDrained(
  step: ShrinkStep,
  workers: readonly WorkerState[],
  replicas: number,
  enough: number | undefined,
): ShrinkStep {
  const idle = workers.filter((worker) => worker.drainRequested === true && isIdle(worker));
  if (idle.length === 0) return step;
  const settled = workers.length === replicas && new Set(workers.map(({ revision }) => revision)).size === 1;
  const spare = enough !== undefined && replicas - idle.length >= enough;
  // Otherwise Kubernetes could delete another worker.
  const certain = settled && releasable(workers, idle).length === idle.length;
  return spare && certain ? { ...step, release: idle, lowerBy: idle.length } : { ...step, replace: idle };
}
