import type { PoolLoadView } from "../load/load-hub.ts";
import type { PodView } from "../views.ts";

/**
 * How long a worker without sessions stays protected: sessions that follow each other within this time cost no write, and
 * however many there are, a worker costs two writes in this time at most.
 */
export const PROTECTED_AFTER_SESSION_MS = 30_000;

/** Changes of the protection of a Deployment's workers from eviction. */
export interface Protection {
  /** By UID of the pod: those whose protection must change, and to what. */
  readonly changes: ReadonlyMap<string, boolean>;
  /** When the next change falls due, if nothing happens. */
  readonly dueMs: number | undefined;
}

/**
 * A worker with sessions or launches under way is protected at once; one that is known to be idle is let go after a while.
 * Pods begin protected, and one of which not enough is known stays as it is: no gateway is connected, one fell silent, or none
 * has reached the worker. One whose process has ended and cannot be started has no sessions, whatever is known.
 * @param lastBusyMs by UID, when this operator last saw sessions, now included.
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

/** Its kubelet reports that it crashes repeatedly. */
function hasEnded({ running, startedAtMs, problem }: PodView): boolean {
  return running && startedAtMs === undefined && problem !== undefined;
}
