import type { FleetShape, FleetView, Policy } from "../policy.ts";
import { HPA_MEMORY_S, HPA_SYNC_S, HpaBehavior, isTolerated } from "./hpa-behavior.ts";

export interface HpaOptions {
  /** Target utilisation of slots: 0.7 is 70%. */
  readonly target: number;
  readonly minReplicas: number;
}

/** A usual first setting: the Kubernetes examples use a utilisation of 50% to 80%. */
export const HPA_DEFAULTS: HpaOptions = { target: 0.7, minReplicas: 1 };

/**
 * The HorizontalPodAutoscaler on the utilisation of slots (sessions / slots of a pod), every 15 s:
 * `ceil(ready pods * utilisation / target)`, and no change within 10% of the target. Pods that are not ready are ignored. If the
 * ready ones require growth, the others count with 0%, and the size stays if that reverses the direction. The queue does not
 * count. Without a ready pod the size stays, and it never changes to or from zero.
 *
 * https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details and
 * kubernetes/kubernetes pkg/controller/podautoscaler/replica_calculator.go, `GetResourceReplicas`.
 */
export function hpa({ target, minReplicas }: HpaOptions, { slotsPerWorker }: FleetShape): Policy {
  const behavior = new HpaBehavior();
  const min = Math.max(1, minReplicas);
  return {
    name: `HPA ${Math.round(target * 100)}%, min ${min}`,
    syncS: HPA_SYNC_S,
    memoryS: HPA_MEMORY_S,
    eventDriven: false,
    removes: "blind",
    decide(view: FleetView): number {
      const current = view.workers;
      if (current === 0) return min;
      return behavior.next(view.nowS, current, utilisationReplicas(view, slotsPerWorker * target), min);
    },
  };
}

/** Replicas for the utilisation. @param perPod target number of sessions per pod. */
function utilisationReplicas(view: FleetView, perPod: number): number {
  const { workers, warmWorkers, sessions } = view;
  if (warmWorkers === 0) return workers;
  const ratio = sessions / (warmWorkers * perPod);
  if (ratio <= 1 || warmWorkers === workers) return isTolerated(ratio) ? workers : ceil(ratio * warmWorkers);
  const withStarting = sessions / (workers * perPod);
  if (withStarting < 1 || isTolerated(withStarting)) return workers;
  return ceil(withStarting * workers);
}

/** Rounds up, but ignores an error in the last binary digit. */
export function ceil(value: number): number {
  return Math.ceil(value - 1e-9);
}
