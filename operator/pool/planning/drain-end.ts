import type { Snapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";
import { EXPIRED_GRACE_SECONDS } from "./plan-retirement.ts";

/**
 * The kubelet kills a pod at the end of its grace period. A pod that still exists a minute later is on a lost machine: it has no
 * sessions, and no decision waits for it.
 */
export const ABANDONED_AFTER_MS = 60_000;

export function isAbandoned(pod: PodView, nowMs: number): boolean {
  return pod.deleting && pod.endsAtMs !== undefined && nowMs >= pod.endsAtMs + ABANDONED_AFTER_MS;
}

export interface DrainEnds {
  /** Workers whose drain has timed out with sessions left: these sessions end now. */
  readonly over: readonly PodView[];
  /** When the next drain times out. */
  readonly dueMs: number | undefined;
}

/** Checks deleted workers whose preStop hook waits for sessions. Workers with the short final grace period were reported before. */
export function drainEnds({ groups, retired, load, nowMs }: Snapshot): DrainEnds {
  const busy = [...groups, ...retired]
    .flatMap(({ members }) => members.terminating)
    .filter(({ uid, graceSeconds = 0 }) => graceSeconds > EXPIRED_GRACE_SECONDS && (load.workers.get(uid)?.sessions ?? 0) > 0);
  const ends = busy.flatMap(({ endsAtMs }) => endsAtMs ?? []).filter((atMs) => atMs > nowMs);
  return {
    over: busy.filter(({ endsAtMs }) => endsAtMs !== undefined && endsAtMs <= nowMs),
    dueMs: ends.length === 0 ? undefined : Math.min(...ends),
  };
}
