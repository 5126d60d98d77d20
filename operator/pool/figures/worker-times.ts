import type { coldStartStages } from "../../telemetry/pool-metrics.ts";
import type { PodView } from "../views.ts";
import { isWarm } from "../warmup/warmth.ts";

type Stage = (typeof coldStartStages)[number];

/** Milliseconds of each stage, and of `pull` and `create` together: the pod does not tell these apart. */
export type ColdStart = Readonly<Record<Exclude<Stage, "pull" | "create"> | "pullAndCreate", number>>;

/**
 * The stages of a worker's first start, if this change of its pod completes it. Undefined for a worker that was warm when the
 * operator first saw it, and for one whose process has restarted.
 * @param nowMs time of the change.
 */
export function coldStartOf(after: PodView, before: PodView | undefined, nowMs: number): ColdStart | undefined {
  if (before === undefined || before.warmSinceMs !== undefined || !isWarm(after) || after.restarted) return undefined;
  const { createdAtMs, scheduledAtMs, startedAtMs, readyAtMs, warmSinceMs } = after;
  if (scheduledAtMs === undefined || startedAtMs === undefined || readyAtMs === undefined || warmSinceMs === undefined)
    return undefined;
  return {
    schedule: spanMs(createdAtMs, scheduledAtMs),
    pullAndCreate: spanMs(scheduledAtMs, startedAtMs),
    load: spanMs(startedAtMs, readyAtMs),
    // The gate's time is rounded up.
    warm: spanMs(readyAtMs, Math.min(warmSinceMs, nowMs)),
  };
}

/** The two stages between the node and the start of the worker's process. */
export function splitAt(pullMs: number, { pullAndCreate }: ColdStart): Readonly<Record<"pull" | "create", number>> {
  return { pull: pullMs, create: spanMs(pullMs, pullAndCreate) };
}

/** Clocks of nodes and whole seconds: a stage may seem to end before it begins. */
function spanMs(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs);
}

/** How long a worker drained in ms, when its pod is gone. Undefined for a pod that never ran, or that was not drained. */
export function drainMsOf({ cordonedAtMs, endsAtMs, graceSeconds = 0, startedAtMs }: PodView, goneMs: number): number | undefined {
  const deletedMs = endsAtMs === undefined ? undefined : endsAtMs - graceSeconds * 1_000;
  const sinceMs = cordonedAtMs ?? deletedMs;
  return startedAtMs === undefined || sinceMs === undefined ? undefined : Math.max(0, goneMs - sinceMs);
}
