import type { FleetShape, FleetView, Policy } from "../policy.ts";
import { ceil } from "./hpa.ts";
import { MovingMaximum } from "./moving-maximum.ts";
import { MovingMean } from "./moving-mean.ts";

export interface KnativeOptions {
  /** `target-utilization-percentage` as a fraction. The hard limit of a pod is its number of slots. */
  readonly utilization: number;
  readonly minScale: number;
  /** `autoscaling.knative.dev/window`. */
  readonly stableWindowS: number;
  /** `autoscaling.knative.dev/scale-down-delay`. */
  readonly scaleDownDelayS: number;
}

/** The defaults of `config-autoscaler`. */
export const KNATIVE_DEFAULTS: KnativeOptions = { utilization: 0.7, minScale: 0, stableWindowS: 60, scaleDownDelayS: 0 };

const TICK_S = 2;
const PANIC_WINDOW_SHARE = 0.1;
const PANIC_THRESHOLD = 2;
const MAX_SCALE_UP_RATE = 1_000;
const MAX_SCALE_DOWN_RATE = 2;
const SCALE_TO_ZERO_GRACE_S = 30;

/**
 * The Knative Pod Autoscaler on concurrency, every 2 s: `ceil(mean concurrency / target)` over the stable window. Panic mode uses
 * a tenth of the window. It starts at twice the target concurrency of the ready pods and ends when the concurrency has been lower
 * for a stable window; in panic mode the size never shrinks. Waiting launches count as concurrency, because the activator holds
 * them. The last pod is removed after a stable window without launches and the grace period.
 *
 * https://knative.dev/docs/serving/autoscaling/kpa-specific/ and knative/serving pkg/autoscaler/scaling/autoscaler.go,
 * `Scale`; pkg/reconciler/autoscaling/kpa/scaler.go, `handleScaleToZero`.
 */
export function knative(options: KnativeOptions, { slotsPerWorker }: FleetShape): Policy {
  const { utilization, minScale, stableWindowS, scaleDownDelayS } = options;
  const target = utilization * slotsPerWorker;
  const stableMean = new MovingMean(Math.round(stableWindowS / TICK_S));
  const panicMean = new MovingMean(Math.max(1, Math.round((stableWindowS * PANIC_WINDOW_SHARE) / TICK_S)));
  const delayed = new MovingMaximum(scaleDownDelayS);
  let panicS = Number.NEGATIVE_INFINITY;
  let panicPods = 0;
  let idleS: number | undefined;

  function wanted(view: FleetView): number {
    const { nowS } = view;
    const concurrency = view.sessions + view.drainingSessions + view.queued;
    const ready = Math.max(1, view.warmWorkers);
    const most = Math.ceil(MAX_SCALE_UP_RATE * ready);
    const least = Math.floor(ready / MAX_SCALE_DOWN_RATE);
    const forStable = ceil(stableMean.add(concurrency) / target);
    const forPanic = ceil(panicMean.add(concurrency) / target);
    let pods = Math.min(Math.max(forStable, least), most);
    const isOverThreshold = forPanic / ready >= PANIC_THRESHOLD;
    if (isOverThreshold) panicS = nowS;
    if (nowS - panicS > stableWindowS) panicPods = 0;
    else {
      panicPods = Math.max(panicPods, pods, Math.min(Math.max(forPanic, least), most));
      pods = panicPods;
    }
    return scaleDownDelayS > 0 ? delayed.add(nowS, pods) : pods;
  }

  return {
    name: `Knative ${Math.round(utilization * 100)}%, min ${minScale}, window ${stableWindowS} s, delay ${scaleDownDelayS} s`,
    syncS: TICK_S,
    // The sum of the stable window, the end of panic mode, the scale-down delay and the grace period of the last pod.
    memoryS: 2 * stableWindowS + scaleDownDelayS + SCALE_TO_ZERO_GRACE_S + 2 * TICK_S,
    eventDriven: false,
    removes: "blind",
    decide(view) {
      const pods = Math.max(minScale, wanted(view));
      if (pods > 0) {
        idleS = undefined;
        return pods;
      }
      idleS ??= view.nowS;
      return view.nowS - idleS >= SCALE_TO_ZERO_GRACE_S ? 0 : view.workers;
    },
  };
}
