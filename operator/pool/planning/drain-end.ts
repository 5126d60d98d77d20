import type { Snapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";
import { EXPIRED_GRACE_SECONDS } from "./plan-retirement.ts";

/**
 * A kubelet ends a pod when its grace period is over. One that still stands a minute later is on a machine that is lost: it has no
 * sessions, and nothing waits for it.
 */
export const ABANDONED_AFTER_MS = 60_000;

export function isAbandoned(pod: PodView, nowMs: number): boolean {
  return pod.deleting && pod.endsAtMs !== undefined && nowMs >= pod.endsAtMs + ABANDONED_AFTER_MS;
}

export interface DrainEnds {
  /** Workers whose time to drain is over and that still have sessions: these end now. */
  readonly over: readonly PodView[];
  /** When that will be so of the next one. */
  readonly dueMs: number | undefined;
}

/** Looks at deleted workers whose preStop hook waits for sessions. Those that we gave a last short time are told of already. */
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
