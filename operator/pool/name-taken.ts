import { keyOf, type ObjectRef } from "../kube/types.ts";

/** Sentences for a foreign object that has the name of one of the operator's: whose it is, and what to do. */

export function foreignDeployment(ref: ObjectRef, ownerUid: string | undefined): string {
  const owner =
    ownerUid === undefined ? "belongs to no pool" : "belongs to another object, perhaps a deleted pool of the same name";
  return `Deployment ${keyOf(ref)} exists and ${owner}: delete it, or rename the pool or the group; the operator does not change it`;
}

export function foreignBudget(ref: ObjectRef): string {
  return `PodDisruptionBudget ${keyOf(ref)} exists and does not belong to the pool: delete it, or rename the pool`;
}
