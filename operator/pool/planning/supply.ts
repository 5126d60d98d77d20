import { type NodeOutlook, nodeOutlook } from "../../scaling/nodes.ts";
import type { GroupSupply } from "../../scaling/size.ts";
import { busyOn, type GroupSnapshot } from "../snapshot.ts";
import type { PodView } from "../views.ts";

/** A worker's pod becomes Ready this long after its gate is set, at most: the kubelet looks at it in between. */
const GATE_LAG_MS = 10_000;

/** Judges by the workers that wait for a node, or to be let in at all, how many of a group can be had. */
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
 * A group as sizing sees it.
 * @param held its Deployment cannot be written: other groups take what it lacks.
 */
export function supplyOf(
  { config, deployment, members }: GroupSnapshot,
  { limit }: NodeOutlook,
  nowMs: number,
  held: boolean,
): GroupSupply {
  const replicas = deployment.kind === "own" ? deployment.view.replicas : 0;
  const { min, max } = held ? { min: replicas, max: replicas } : config;
  return {
    name: config.name,
    slotsPerWorker: config.slotsPerWorker,
    min,
    max,
    sessions: busyOn(members),
    replicas,
    lost: members.pods.filter((pod) => isLost(pod, nowMs)).length,
    nodes: limit,
  };
}

/**
 * Whether a worker's node is gone: nothing but the node controller makes a pod not Ready whose containers and gate are.
 * Its pod stays for minutes, and its launches must find another worker before that.
 */
function isLost({ containersReady, ready, warmSinceMs }: PodView, nowMs: number): boolean {
  return containersReady && !ready && warmSinceMs !== undefined && nowMs - warmSinceMs > GATE_LAG_MS;
}
