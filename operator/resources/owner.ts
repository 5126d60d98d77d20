import type { V1OwnerReference } from "@kubernetes/client-node";
import { API_GROUP_VERSION, KIND } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";

/** Owner reference, so Kubernetes deletes the object with its pool. */
export function ownedBy({ name, uid }: PoolConfig): V1OwnerReference {
  return { apiVersion: API_GROUP_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: true };
}
