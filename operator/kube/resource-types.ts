import { API_GROUP, API_VERSION, KIND } from "../api/names.ts";
import type { ResourceType } from "./types.ts";

/** The kinds that this project reads or writes. */

export const pods = resourceType("", "v1", "Pod");
export const secrets = resourceType("", "v1", "Secret");
export const serviceAccounts = resourceType("", "v1", "ServiceAccount");
export const configMaps = resourceType("", "v1", "ConfigMap");
export const nodes = resourceType("", "v1", "Node");
export const deployments = resourceType("apps", "v1", "Deployment");
export const replicaSets = resourceType("apps", "v1", "ReplicaSet");
export const disruptionBudgets = resourceType("policy", "v1", "PodDisruptionBudget");
export const networkPolicies = resourceType("networking.k8s.io", "v1", "NetworkPolicy");
export const avatarPools = resourceType(API_GROUP, API_VERSION, KIND);
export const leases = resourceType("coordination.k8s.io", "v1", "Lease");
export const events = resourceType("events.k8s.io", "v1", "Event");
export const endpointSlices = resourceType("discovery.k8s.io", "v1", "EndpointSlice");
export const tokenReviews = resourceType("authentication.k8s.io", "v1", "TokenReview");
export const subjectAccessReviews = resourceType("authorization.k8s.io", "v1", "SubjectAccessReview");

/** The plural of each of these kinds is regular: "ies" for "y", else "s". */
function resourceType(group: string, version: string, kind: string): ResourceType {
  return { group, version, kind, plural: `${kind.toLowerCase().replace(/y$/, "ie")}s` };
}
