import type { V1ReplicaSet } from "@kubernetes/client-node";
import { POD_TEMPLATE_HASH } from "../api/membership.ts";
import { labels } from "../api/names.ts";
import type { Json } from "../kube/types.ts";

/** Annotation in which the Deployment controller counts the templates that a Deployment has had: on it, and on each ReplicaSet. */
export const REVISION = "deployment.kubernetes.io/revision";

export interface ReplicaSetView {
  readonly namespace: string;
  readonly name: string;
  readonly pool: string;
  /** UID of its Deployment. */
  readonly ownerUid: string | undefined;
  /** Which template it is of. */
  readonly hash: string;
  readonly revision: string | undefined;
}

export function replicaSetView({ metadata = {} }: Json<V1ReplicaSet>): ReplicaSetView {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    pool: metadata.labels?.[labels.pool] ?? "",
    ownerUid: metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid,
    hash: metadata.labels?.[POD_TEMPLATE_HASH] ?? "",
    revision: metadata.annotations?.[REVISION],
  };
}

/**
 * The hash of the template that a Deployment's new pods are made from, as its controller sees it, whoever changed the template.
 * Undefined while no ReplicaSet of the revision is seen.
 */
export function newestRevision(
  sets: readonly ReplicaSetView[],
  { uid, revision }: { readonly uid: string; readonly revision: string | undefined },
): string | undefined {
  if (revision === undefined) return undefined;
  return sets.find((set) => set.ownerUid === uid && set.revision === revision)?.hash;
}
