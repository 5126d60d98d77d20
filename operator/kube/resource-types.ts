import { API_GROUP, API_VERSION, KIND, PLURAL } from "../api/names.ts";
import type { ResourceType } from "./types.ts";

/** The kinds that this project reads or writes. */

export const pods: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods" };
export const secrets: ResourceType = { group: "", version: "v1", kind: "Secret", plural: "secrets" };
export const configMaps: ResourceType = { group: "", version: "v1", kind: "ConfigMap", plural: "configmaps" };
export const nodes: ResourceType = { group: "", version: "v1", kind: "Node", plural: "nodes" };
export const deployments: ResourceType = { group: "apps", version: "v1", kind: "Deployment", plural: "deployments" };
export const replicaSets: ResourceType = { group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets" };
export const disruptionBudgets: ResourceType = {
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
};
export const avatarPools: ResourceType = { group: API_GROUP, version: API_VERSION, kind: KIND, plural: PLURAL };
export const leases: ResourceType = { group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases" };
export const events: ResourceType = { group: "events.k8s.io", version: "v1", kind: "Event", plural: "events" };
export const endpointSlices: ResourceType = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
};
export const tokenReviews: ResourceType = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
};
