import { noStep, type ShrinkStep, shrink, waitForView } from "../../scaling/victims.ts";
import { earliest, remaining } from "../delays.ts";
import type { RetiredSnapshot, Snapshot } from "../snapshot.ts";
import type { DeploymentView, PodView } from "../views.ts";
import { type DecisionRecord, outcomeOf } from "./decision.ts";

/** Final grace period of a worker whose drain has timed out. */
export const EXPIRED_GRACE_SECONDS = 10;

export interface RetirePlan {
  readonly deployment: DeploymentView;
  readonly replicas: number;
  readonly step: ShrinkStep;
  /** Pods whose drain has timed out: their sessions end now. */
  readonly expired: readonly PodView[];
  /** No pod is left: delete the Deployment. */
  readonly remove: boolean;
}

export interface Retirement {
  readonly retire: readonly RetirePlan[];
  readonly records: readonly DecisionRecord[];
  readonly requeueAfterMs: number | undefined;
}

/** Drains and removes all groups of a pool that is being deleted. */
export function retireAll(snapshot: Snapshot, deletedAtMs: number): Retirement {
  const { nowMs, pool } = snapshot;
  const longestDrainMs = Math.max(...pool.groups.map(({ drainTimeoutMs }) => drainTimeoutMs));
  const retire = [
    ...snapshot.groups.flatMap(({ config, deployment, members }) =>
      deployment.kind === "own"
        ? [planRetirement(snapshot, { deployment: deployment.view, members }, deletedAtMs + config.drainTimeoutMs)]
        : [],
    ),
    ...snapshot.retired.map((retired) => planRetirement(snapshot, retired, deletedAtMs + longestDrainMs)),
  ];
  const deadlinesMs = pool.groups.map(({ drainTimeoutMs }) => deletedAtMs + drainTimeoutMs).filter((atMs) => atMs > nowMs);
  return {
    retire,
    records: retire.map((each) => deletionRecord(each, nowMs)),
    requeueAfterMs: retire.length === 0 ? undefined : earliest(deadlinesMs.map((atMs) => remaining(atMs, nowMs))),
  };
}

function deletionRecord({ deployment, replicas, expired, step }: RetirePlan, atMs: number): DecisionRecord {
  const { group, replicas: from } = deployment;
  const why =
    expired.length === 0
      ? "the pool is being deleted; idle workers are removed first"
      : "the pool is being deleted, and drain.timeout has expired";
  return {
    atMs,
    group,
    from,
    to: replicas,
    arithmetic: "the pool is being deleted, so no workers are needed",
    outcome: outcomeOf(from, replicas),
    reason: step.waitingFor === "" ? why : `${why}; waiting for ${step.waitingFor}`,
  };
}

/** @param deadlineMs when workers are removed with their sessions; undefined for never. */
export function planRetirement(
  { nowMs, unseenWorkers }: Snapshot,
  { deployment, members }: RetiredSnapshot,
  deadlineMs: number | undefined,
): RetirePlan {
  if (deployment.deleting) return { deployment, replicas: deployment.replicas, step: noStep, expired: [], remove: false };
  const pods = [...members.pods, ...members.terminating];
  if (deadlineMs !== undefined && nowMs >= deadlineMs && pods.length > 0) {
    const expired = pods.filter(({ graceSeconds }) => graceSeconds === undefined || graceSeconds > EXPIRED_GRACE_SECONDS);
    return { deployment, replicas: 0, step: noStep, expired, remove: false };
  }
  const step =
    unseenWorkers > 0 ? waitForView(unseenWorkers) : shrink(members.workers, deployment.replicas, 0, deployment.oneReplicaSet);
  const replicas = deployment.replicas - step.lowerBy;
  return { deployment, replicas, step, expired: [], remove: deployment.replicas === 0 && pods.length === 0 };
}
