import type { PoolLoadView } from "../load/load-hub.ts";
import type { PodView } from "../views.ts";

/**
 * How long a worker without sessions stays protected. Sessions that follow each other within this time cause no write, and a
 * worker causes at most two writes in this time.
 */
export const PROTECTED_AFTER_SESSION_MS = 30_000;

/** Changes of the eviction protection of a Deployment's workers. */
export interface Protection {
  /** The new protection by UID of the pod. */
  readonly changes: ReadonlyMap<string, boolean>;
  /** When the next change is due, if nothing else changes. */
  readonly dueMs: number | undefined;
}

/**
 * A worker with sessions or launches under way is protected at once; an idle worker loses its protection after a while. Pods
 * begin protected. The protection stays while the load is uncertain: no gateway is connected, one is silent, or none has reached
 * the worker. A worker whose process has ended and cannot start has no sessions.
 * @param lastBusyMs by UID, the last time with sessions, now included.
 */
export function protectionOf(pods: readonly PodView[], load: PoolLoadView, lastBusyMs: ReadonlyMap<string, number>): Protection {
  const changes = new Map<string, boolean>();
  const due: number[] = [];
  const listening = load.gatewaysConnected > 0 && !load.gatewaySilent;
  for (const pod of pods) {
    const reported = load.workers.get(pod.uid);
    if (reported !== undefined && reported.sessions + reported.reserved > 0) {
      if (!pod.protected) changes.set(pod.uid, true);
      continue;
    }
    if (pod.protected && hasEnded(pod)) {
      changes.set(pod.uid, false);
      continue;
    }
    if (!pod.protected || !listening || !pod.ready || reported?.ready !== true) continue;
    const busyMs = lastBusyMs.get(pod.uid);
    if (busyMs === undefined) changes.set(pod.uid, false);
    else due.push(busyMs + PROTECTED_AFTER_SESSION_MS);
  }
  return { changes, dueMs: due.length === 0 ? undefined : Math.min(...due) };
}

/** The kubelet reports repeated crashes. */
function hasEnded({ running, startedAtMs, problem }: PodView): boolean {
  return running && startedAtMs === undefined && problem !== undefined;
}
