import type { V1Pod } from "@kubernetes/client-node";
import type { Json } from "../kube/types.ts";
import { labels } from "./names.ts";
import { deploymentName } from "./pool-config.ts";

/** Label that tells the ReplicaSets of one Deployment apart. Set by the Deployment controller. */
export const POD_TEMPLATE_HASH = "pod-template-hash";

/**
 * Whether a pod belongs to a ReplicaSet of the Deployment of the worker group that its labels name. Labels alone do not make a
 * worker: anybody can copy them. A ReplicaSet is named `<deployment>-<pod-template-hash>`, and adopts no pod of another controller.
 */
export function isOfGroup({ metadata }: Json<V1Pod>): boolean {
  const pool = metadata?.labels?.[labels.pool];
  const group = metadata?.labels?.[labels.group];
  const hash = metadata?.labels?.[POD_TEMPLATE_HASH];
  if (pool === undefined || group === undefined || hash === undefined) return false;
  const controller = metadata?.ownerReferences?.find((owner) => owner.controller === true);
  return controller?.kind === "ReplicaSet" && controller.name === `${deploymentName(pool, group)}-${hash}`;
}

/**
 * Whether all containers of a pod have ended for good. Its ReplicaSet counts it no more and has created another one.
 * Source: `IsPodActive` in Kubernetes `pkg/controller/controller_utils.go`.
 */
export function hasEnded({ status }: Json<V1Pod>): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}
