import type { FleetShape, FleetView, Policy } from "../policy.ts";
import { ceil } from "./hpa.ts";
import { HPA_MEMORY_S, HPA_SYNC_S, HpaBehavior, isTolerated } from "./hpa-behavior.ts";

export interface KedaOptions {
  /** Target utilisation of slots: the threshold of the trigger divided by the slots of a worker. */
  readonly target: number;
  readonly minReplicaCount: number;
  readonly cooldownS: number;
}

/** The defaults of `cooldownPeriod` and `minReplicaCount` of a ScaledObject, and a threshold of 70%. */
export const KEDA_DEFAULTS: KedaOptions = { target: 0.7, minReplicaCount: 0, cooldownS: 300 };

const POLL_S = 30;

/**
 * KEDA on an external metric: sessions and queued launches. Every 30 s KEDA itself scales the workload from 0 to 1 if the metric
 * is above zero, and to 0 if it has been zero for the cooldown. Between 1 and n, the HorizontalPodAutoscaler that KEDA creates
 * decides every 15 s: `ceil(metric / threshold)`, an AverageValue, with the usual tolerance and behaviour.
 *
 * https://keda.sh/docs/latest/reference/scaledobject-spec/, https://keda.sh/docs/latest/concepts/scaling-deployments/ and
 * kedacore/keda pkg/scaling/executor/scale_scaledobjects.go, `RequestScale`; kubernetes/kubernetes
 * pkg/controller/podautoscaler/replica_calculator.go, `GetExternalPerPodMetricReplicas`.
 */
export function keda({ target, minReplicaCount, cooldownS }: KedaOptions, { slotsPerWorker }: FleetShape): Policy {
  const behavior = new HpaBehavior();
  const threshold = target * slotsPerWorker;
  const hpaMin = Math.max(1, minReplicaCount);
  let lastActiveS = Number.NEGATIVE_INFINITY;
  return {
    name: `KEDA ${Math.round(target * 100)}%, min ${minReplicaCount}, cooldown ${cooldownS} s`,
    syncS: HPA_SYNC_S,
    memoryS: HPA_MEMORY_S + cooldownS + POLL_S,
    eventDriven: false,
    removes: "blind",
    decide(view: FleetView): number {
      const { nowS, workers } = view;
      const metric = view.sessions + view.drainingSessions + view.queued;
      if (nowS % POLL_S === 0) {
        if (metric > 0) lastActiveS = nowS;
        if (workers === 0) return metric > 0 ? hpaMin : minReplicaCount;
        if (metric === 0 && minReplicaCount === 0 && nowS - lastActiveS > cooldownS) return 0;
      }
      // The HorizontalPodAutoscaler is inactive while its target has no replicas.
      if (workers === 0) return 0;
      const ratio = metric / (threshold * workers);
      return behavior.next(nowS, workers, isTolerated(ratio) ? workers : ceil(metric / threshold), hpaMin);
    },
  };
}
