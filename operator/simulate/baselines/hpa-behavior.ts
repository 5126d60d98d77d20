import { MovingMaximum } from "./moving-maximum.ts";

/** Defaults of the HorizontalPodAutoscaler, `autoscaling/v2`. */
export const HPA_SYNC_S = 15;
const STABILIZATION_S = 300;
const TOLERANCE = 0.1;

/** Whether a ratio of metric to target is within the tolerance around 1. */
export function isTolerated(ratio: number): boolean {
  return Math.abs(1 - ratio) <= TOLERANCE + 1e-9;
}

/** Seconds of history that the behaviour depends on: the stabilization window and one sync. */
export const HPA_MEMORY_S = STABILIZATION_S + HPA_SYNC_S;

/**
 * Turns the recommendation of a metric into the size that the HorizontalPodAutoscaler sets, with the default behaviour. It
 * shrinks only to the largest recommendation of the last 300 s. Within 15 s it adds at most 4 pods or doubles the size, whichever
 * is more.
 *
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#default-behavior and
 * kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go, `normalizeDesiredReplicasWithBehaviors`.
 */
export class HpaBehavior {
  readonly #recommended = new MovingMaximum(STABILIZATION_S);

  next(nowS: number, current: number, wanted: number, min: number): number {
    const highest = this.#recommended.add(nowS, wanted);
    const stable = wanted > current ? wanted : Math.min(current, highest);
    // The interval between syncs equals the period of the policy, so pods that earlier syncs added do not count.
    const limit = Math.max(2 * current, current + 4);
    return Math.max(min, Math.min(stable, limit));
  }
}
