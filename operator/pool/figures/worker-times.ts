import type { coldStartStages } from "../../telemetry/pool-metrics.ts";
import type { PodView } from "../views.ts";
import { isWarm } from "../warmup/warmth.ts";

/** Milliseconds of each stage. */
export type ColdStart = Readonly<Record<(typeof coldStartStages)[number], number>>;

/**
 * The stages of a worker's first start, if this change of its pod completes it. Undefined for a worker that was warm when the
 * operator first saw it, and for one whose process has restarted.
 */
export function coldStartOf(after: PodView, before: PodView | undefined): ColdStart | undefined {
  if (before === undefined || before.warmSinceMs !== undefined || !isWarm(after) || after.restarted) return undefined;
  const { createdAtMs, scheduledAtMs, startedAtMs, readyAtMs, warmSinceMs } = after;
  if (scheduledAtMs === undefined || startedAtMs === undefined || readyAtMs === undefined || warmSinceMs === undefined)
    return undefined;
  // Clocks of nodes and whole seconds: a stage may seem to end before it begins.
  const span = (fromMs: number, toMs: number) => Math.max(0, toMs - fromMs);
  return {
    schedule: span(createdAtMs, scheduledAtMs),
    create: span(scheduledAtMs, startedAtMs),
    load: span(startedAtMs, readyAtMs),
    warm: span(readyAtMs, warmSinceMs),
  };
}

/** How long a worker drained in ms, when its pod is gone. Undefined for a pod that never ran, or that was not drained. */
export function drainMsOf({ cordonedAtMs, endsAtMs, graceSeconds = 0, startedAtMs }: PodView, goneMs: number): number | undefined {
  const deletedMs = endsAtMs === undefined ? undefined : endsAtMs - graceSeconds * 1_000;
  const sinceMs = cordonedAtMs ?? deletedMs;
  return startedAtMs === undefined || sinceMs === undefined ? undefined : Math.max(0, goneMs - sinceMs);
}
