import { MovingMaximum } from "./moving-maximum.ts";

/** Defaults of the HorizontalPodAutoscaler, `autoscaling/v2`. */
export const HPA_SYNC_S = 15;
const STABILIZATION_S = 300;
const TOLERANCE = 0.1;

/** Whether a ratio of metric to target is too near to 1 to act on. */
export function isTolerated(ratio: number): boolean {
  return Math.abs(1 - ratio) <= TOLERANCE + 1e-9;
}

/** How far back the behaviour looks, and a sync. */
export const HPA_MEMORY_S = STABILIZATION_S + HPA_SYNC_S;

/**
 * From what a metric asks for to what the HorizontalPodAutoscaler sets, with the default behaviour: a smaller size only when
 * every recommendation of the last 300 s was smaller; growth by 4 pods or to the double within 15 s, whichever is more.
 *
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#default-behavior and
 * kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go, `normalizeDesiredReplicasWithBehaviors`.
 */
export class HpaBehavior {
  readonly #recommended = new MovingMaximum(STABILIZATION_S);

  next(nowS: number, current: number, wanted: number, min: number): number {
    const highest = this.#recommended.add(nowS, wanted);
    const stable = wanted > current ? wanted : Math.min(current, highest);
    // Syncs are as far apart as the policy's period: what was added before does not count against it.
    const limit = Math.max(2 * current, current + 4);
    return Math.max(min, Math.min(stable, limit));
  }
}
