import { keyOf, type ObjectRef, type ResourceType } from "../kube/types.ts";

/** Sentences for a foreign object that has the name of one of the operator's: whose it is, and what to do. */

export function foreignDeployment(ref: ObjectRef, ownerUid: string | undefined): string {
  const owner =
    ownerUid === undefined ? "belongs to no pool" : "belongs to another object, perhaps a deleted pool of the same name";
  return `Deployment ${keyOf(ref)} exists and ${owner}: delete it, or rename the pool or the group; the operator does not change it`;
}

export function foreignObject({ kind }: ResourceType, ref: ObjectRef): string {
  return `${kind} ${keyOf(ref)} exists and does not belong to the pool: delete it, or rename the pool`;
}
