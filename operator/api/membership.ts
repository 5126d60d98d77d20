import type { V1Pod } from "@kubernetes/client-node";
import type { Json } from "../kube/types.ts";
import { labels } from "./names.ts";
import { deploymentName } from "./pool-config.ts";

/** Label that distinguishes the ReplicaSets of one Deployment. The Deployment controller sets it. */
export const POD_TEMPLATE_HASH = "pod-template-hash";

/**
 * Whether a pod belongs to a ReplicaSet of the Deployment of the worker group in its labels. The labels alone do not prove it:
 * any pod can have them. A ReplicaSet is named `<deployment>-<pod-template-hash>` and adopts no pod of another controller.
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
 * Whether all containers of a pod have terminated permanently. Its ReplicaSet no longer counts it and has created a replacement.
 * Source: `IsPodActive` in Kubernetes `pkg/controller/controller_utils.go`.
 */
export function hasEnded({ status }: Json<V1Pod>): boolean {
  return status?.phase === "Failed" || status?.phase === "Succeeded";
}
