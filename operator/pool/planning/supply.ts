import { type NodeOutlook, nodeOutlook } from "../../scaling/nodes.ts";
import type { GroupSupply } from "../../scaling/size.ts";
import { busyOn, type GroupSnapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";

/** Limit on the time from the warm gate to Ready: the kubelet syncs the pod in between. */
const GATE_LAG_MS = 10_000;

/** Estimates how many workers a group can get, from those that wait for a node or for admission. */
export function outlookOf({ deployment, members, shortage }: GroupSnapshot, nowMs: number): NodeOutlook {
  const waiting = members.pods.filter(({ scheduled }) => !scheduled);
  const { replicas = 0, refused } = deployment.kind === "own" ? deployment.view : {};
  const missing = refused === undefined ? 0 : Math.max(0, replicas - members.pods.length);
  return nodeOutlook(
    shortage,
    {
      replicas,
      placed: members.pods.length - waiting.length,
      waiting: [
        ...waiting.map(({ createdAtMs, unschedulable }) => ({ createdAtMs, unschedulable: unschedulable !== undefined })),
        ...Array.from({ length: missing }, () => ({ createdAtMs: refused?.sinceMs ?? nowMs, unschedulable: true })),
      ],
    },
    nowMs,
  );
}

/**
 * A group as an input of sizing.
 * @param held its Deployment cannot be written: other groups supply what it lacks.
 */
export function supplyOf(
  { config, deployment, members }: GroupSnapshot,
  { limit }: NodeOutlook,
  nowMs: number,
  held: boolean,
): GroupSupply {
  const replicas = deployment.kind === "own" ? deployment.view.replicas : 0;
  const drained = members.workers.filter(({ drainRequested }) => drainRequested);
  const staying = members.workers.filter(({ drainRequested }) => drainRequested !== true);
  const { min, max } = held ? { min: replicas, max: replicas } : config;
  return {
    name: config.name,
    slotsPerWorker: config.slotsPerWorker,
    min,
    max,
    // A session on a drained worker takes no slot that another launch could have.
    sessions: Math.max(0, busyOn(members) - drained.reduce((total, { busy }) => total + busy, 0)),
    blocked: staying.reduce((total, { blocked = 0 }) => total + blocked, 0),
    replicas,
    lost: members.pods.filter((pod) => isLost(pod, nowMs)).length,
    drained: drained.length,
    nodes: limit,
  };
}

/**
 * Whether a worker's node is lost: only the node controller sets Ready to False while containers and gate are ready. The pod
 * exists for minutes more, and launches need another worker before that.
 */
export function isLost({ containersReady, ready, warmSinceMs }: PodView, nowMs: number): boolean {
  return containersReady && !ready && warmSinceMs !== undefined && nowMs - warmSinceMs > GATE_LAG_MS;
}
