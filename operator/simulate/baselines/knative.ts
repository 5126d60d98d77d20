import type { FleetShape, FleetView, Policy } from "../policy.ts";
import { ceil } from "./hpa.ts";
import { MovingMaximum } from "./moving-maximum.ts";
import { MovingMean } from "./moving-mean.ts";

export interface KnativeOptions {
  /** `target-utilization-percentage` as a share; the hard limit of a pod is its slots. */
  readonly utilization: number;
  readonly minScale: number;
  /** `autoscaling.knative.dev/window`. */
  readonly stableWindowS: number;
  /** `autoscaling.knative.dev/scale-down-delay`. */
  readonly scaleDownDelayS: number;
}

/** `config-autoscaler` as it is shipped. */
export const KNATIVE_DEFAULTS: KnativeOptions = { utilization: 0.7, minScale: 0, stableWindowS: 60, scaleDownDelayS: 0 };

const TICK_S = 2;
const PANIC_WINDOW_SHARE = 0.1;
const PANIC_THRESHOLD = 2;
const MAX_SCALE_UP_RATE = 1_000;
const MAX_SCALE_DOWN_RATE = 2;
const SCALE_TO_ZERO_GRACE_S = 30;

/**
 * The Knative Pod Autoscaler on concurrency, every 2 s: `ceil(mean concurrency / target)` over the stable window, and over a
 * tenth of it while it panics, which it does from twice the concurrency that the ready pods are meant for until none was
 * seen for a stable window; panicking it never scales down. Launches that wait are in flight too: the activator holds them.
 * The last pod goes when nothing was in flight for the stable window, and the grace has passed.
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
    // The window fills, panic ends, scaling down is delayed, and the last pod has its grace.
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
