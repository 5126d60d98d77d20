import type { V1ReplicaSet } from "@kubernetes/client-node";
import { POD_TEMPLATE_HASH } from "../api/membership.ts";
import { labels } from "../api/names.ts";
import type { Json } from "../kube/types.ts";

/** Annotation with the revision number of the template, on a Deployment and on each of its ReplicaSets. */
export const REVISION = "deployment.kubernetes.io/revision";

export interface ReplicaSetView {
  readonly namespace: string;
  readonly name: string;
  readonly pool: string;
  /** UID of its Deployment. */
  readonly ownerUid: string | undefined;
  /** Revision number of its template. */
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
 * The template hash of a Deployment's new pods, by its controller, also after a foreign change of the template. Undefined until
 * the ReplicaSet of the revision exists.
 */
export function newestRevision(
  sets: readonly ReplicaSetView[],
  { uid, revision }: { readonly uid: string; readonly revision: string | undefined },
): string | undefined {
  if (revision === undefined) return undefined;
  return sets.find((set) => set.ownerUid === uid && set.revision === revision)?.hash;
}
