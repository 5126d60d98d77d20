import type { WorkerState } from "../../scaling/victims.ts";
import type { PoolLoadView } from "../load/load-hub.ts";
import { isAbandoned } from "../planning/drain-end.ts";
import { PROTECTED_AFTER_SESSION_MS, protectionOf } from "../planning/protection.ts";
import type { Members, Observed } from "../snapshot.ts";
import type { Verdicts } from "../victim-verification.ts";
import type { PodView } from "../views.ts";
import { hasWarmupSession } from "../warmup/warmth.ts";

/** What the members of a group are judged by, beside their pods. */
export interface MemberContext extends Pick<Observed, "pool" | "load" | "lastBusyMs" | "nowMs"> {
  readonly verdicts: Verdicts;
}

/** Sorts the pods of one Deployment into those that stay, that terminate and that have ended. */
export function membersOf(pods: readonly PodView[], { pool, load, lastBusyMs, verdicts, nowMs }: MemberContext): Members {
  const staying = pods.filter((pod) => !pod.deleting && pod.end === undefined);
  const terminating = pods.filter((pod) => pod.deleting && pod.end === undefined && !isAbandoned(pod, nowMs));
  return {
    pods: staying,
    workers: staying.map((pod) => workerState(pod, load, verdicts)),
    terminating,
    terminatingBusy: terminating.reduce((total, pod) => total + (load.workers.get(pod.uid)?.sessions ?? 0), 0),
    warmupSessions: staying.filter((pod) => hasWarmupSession(pod, pool, load, nowMs)).length,
    protection: protectionOf(staying, load, lastBusyMs),
    ended: pods.filter((pod) => !pod.deleting && pod.end !== undefined),
  };
}

function workerState(pod: PodView, load: PoolLoadView, verdicts: Verdicts): WorkerState {
  const reported = load.workers.get(pod.uid);
  const busy = reported === undefined ? 0 : reported.sessions + reported.reserved;
  return {
    pod: pod.name,
    uid: pod.uid,
    createdAtMs: pod.createdAtMs,
    scheduled: pod.scheduled,
    running: pod.running,
    ready: pod.ready,
    // The worker itself has reported a session that no gateway reports.
    busy: verdicts.busy.has(pod.uid) ? Math.max(1, busy) : busy,
    ...(pod.cordonedAtMs === undefined ? {} : { cordonedAtMs: pod.cordonedAtMs }),
    ...(pod.drainRequested && { drainRequested: true }),
    cordonAcknowledged: !load.gatewaySilent && (reported?.cordonAcknowledged ?? true),
    released: pod.released,
    ...(reported === undefined || reported.blocked === 0 ? {} : { blocked: reported.blocked }),
    revision: pod.revision,
  };
}

/** By UID of the pod: when each worker last had sessions or launches, as far as that decides on its protection. */
export function lastBusy(
  pods: readonly PodView[],
  load: PoolLoadView,
  before: ReadonlyMap<string, number>,
  nowMs: number,
): ReadonlyMap<string, number> {
  const after = new Map([...before].filter(([, atMs]) => nowMs - atMs < PROTECTED_AFTER_SESSION_MS));
  for (const pod of pods) {
    const reported = load.workers.get(pod.uid);
    if (reported !== undefined && reported.sessions + reported.reserved > 0) after.set(pod.uid, nowMs);
  }
  return after;
}
