import { type ConditionReason, conditionReasons as reasons } from "../../api/conditions.ts";
import { formatDuration, formatSeconds } from "../../api/duration.ts";
import type { HeldBack } from "../../resources/held-back.ts";
import { ENOUGH_STARTUPS, missedBy } from "../../scaling/startup-objective.ts";
import { admissionCure } from "../conditions/admission-cures.ts";
import type { GroupSnapshot, Snapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";
import { counted } from "../wording.ts";
import { failuresOf, failuresText } from "./failures.ts";

/** Progress of a group's rollout to its current template. */
export type Rollout =
  | { readonly kind: "none" }
  | {
      readonly kind: "under-way";
      readonly updated: number;
      readonly left: number;
      /** The rollout waits for the first sessions on new workers. */
      readonly heldBack: HeldBack | undefined;
      /** When to check again without an event. */
      readonly lookAtMs: number | undefined;
    }
  | {
      readonly kind: "blocked";
      readonly reason: ConditionReason;
      /** The cause and the next step. */
      readonly message: string;
      /** Present if new workers are too slow. In the other cases no new worker becomes ready, so the rollout stands still. */
      readonly heldBack: HeldBack | undefined;
    };

/** Time for a new node to appear. After it, a rollout without a node is blocked. */
export const UNSCHEDULABLE_PATIENCE_MS = 30_000;

/**
 * Whether a pod has the Deployment's current template: the operator's, and that of the newest ReplicaSet. They differ after a
 * foreign change, such as `kubectl rollout restart`.
 */
export function isFresh({ deployment, newest }: GroupSnapshot, pod: PodView): boolean {
  if (deployment.kind !== "own" || pod.template !== deployment.view.template) return false;
  return newest === undefined || pod.revision === newest;
}

/**
 * Evaluates the rollout of a group. Kubernetes replaces `maxSurge` workers at a time, each once its replacement is warm, and stops
 * if the new worker does not become ready. If launches arrive, the operator holds the rollout after its first new workers until
 * sessions have started on them, at most for the time of a cold start, and longer if they start too slowly.
 */
export function rolloutOf({ pool, load, nowMs }: Snapshot, group: GroupSnapshot): Rollout {
  const { config, deployment, members } = group;
  if (deployment.kind !== "own" || deployment.assumed) return { kind: "none" };
  const { template } = deployment.view;
  const fresh = members.pods.filter((pod) => isFresh(group, pod));
  const former = members.pods.filter((pod) => !isFresh(group, pod));
  if (former.length === 0) return { kind: "none" };

  const startups = (pods: readonly PodView[]) => pods.flatMap(({ uid }) => load.startupsByWorker.get(uid) ?? []);
  const freshMs = startups(fresh);
  const formerMs = startups([...former, ...members.terminating.filter((pod) => !isFresh(group, pod))]);
  const before = deployment.view.heldBack?.template === template ? deployment.view.heldBack.startupMs : undefined;
  const startupMs = missedBy(freshMs, formerMs, pool.objective.startup, before);
  const heldBack = startupMs === undefined ? undefined : { template, startupMs };
  const blocked = (reason: ConditionReason, why: string): Rollout => {
    const rest = `${counted(former.length, "worker")} still ${former.length === 1 ? "runs" : "run"} the previous revision`;
    const message = `the rollout of group ${config.name} is stopped; ${rest}: ${why}`;
    return { kind: "blocked", reason, message, heldBack };
  };
  const failing = fresh.find((pod) => pod.problem !== undefined);
  if (failing?.problem !== undefined) {
    const what = `a new worker cannot start: ${failing.problem.reason}: ${failing.problem.message}`;
    const cure = `correct the group; see kubectl -n ${failing.namespace} describe pod ${failing.name}`;
    return blocked(reasons.workerFailing, `${what}: ${cure}`);
  }
  const ended = members.ended.filter((pod) => isFresh(group, pod));
  const failures = fresh.some(({ ready }) => ready) ? undefined : failuresOf(ended, nowMs);
  if (failures !== undefined) return blocked(reasons.workerFailing, failuresText(pool, config.name, failures));
  const waiting = fresh.filter(({ unschedulable }) => unschedulable !== undefined);
  const patientUntilMs = Math.min(...waiting.map(({ createdAtMs }) => createdAtMs + UNSCHEDULABLE_PATIENCE_MS));
  if (patientUntilMs <= nowMs) {
    const node = config.engine.accelerator === "gpu" ? "free a GPU, add GPU nodes" : "add nodes";
    const cure = `${node}, or set rollout.maxSurge to 0 and rollout.maxUnavailable to 1`;
    const what = `the scheduler finds no node for a new worker (${clause(waiting[0]?.unschedulable)})`;
    return blocked(reasons.unschedulable, `${what}: ${cure}`);
  }
  const { stalled } = deployment.view;
  if (stalled !== undefined && fresh.every(({ ready }) => !ready)) {
    const cure = admissionCure(stalled) ?? "correct the group, or the rule that rejects its pods";
    return blocked(reasons.stalled, `the Deployment makes no progress (${clause(stalled)}): ${cure}`);
  }
  if (startupMs !== undefined) {
    const { targetMs, percentile } = pool.objective.startup;
    const measured = `measured p${percentile} on new workers: ${formatSeconds(startupMs)}`;
    const what = `${measured}, slower than the previous revision and objective.startup.target (${formatDuration(targetMs)})`;
    const cure = "undo the change, or raise the target; the rollout resumes once new workers are as fast";
    return blocked(reasons.startupMissed, `${what}: ${cure}`);
  }
  const firstWarmMs = Math.min(...fresh.map(({ warmSinceMs }) => warmSinceMs ?? Number.POSITIVE_INFINITY));
  const triedUntilMs = firstWarmMs + config.coldStartMs;
  const onTrial = freshMs.length < ENOUGH_STARTUPS && formerMs.length > 0 && firstWarmMs <= nowMs && nowMs < triedUntilMs;
  return {
    kind: "under-way",
    updated: fresh.filter(({ ready }) => ready).length,
    left: former.length,
    heldBack: onTrial ? { template, startupMs: undefined } : undefined,
    lookAtMs: [patientUntilMs, triedUntilMs].filter((atMs) => atMs > nowMs && Number.isFinite(atMs)).sort((a, b) => a - b)[0],
  };
}

/** Without the full stop, for use in brackets. */
function clause(sentence = ""): string {
  return sentence.replace(/[.\s]+$/, "");
}
