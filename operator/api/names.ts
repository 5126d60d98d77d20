/** Every name that other software sees on our objects: the API group, labels, annotations, finalizer, gate. */

export const API_GROUP = "avatarpool.dev";
export const API_VERSION = "v1alpha1";
export const API_GROUP_VERSION = `${API_GROUP}/${API_VERSION}`;
export const KIND = "AvatarPool";
export const PLURAL = "avatarpools";

/** The one field manager of the operator's server-side applies. */
export const FIELD_MANAGER = "avatarpool-operator";

/** Default name of the operator's Deployment, and of the Lease by which one operator leads: that of a release named `avatarpool`. */
export const OPERATOR_NAME = "avatarpool-operator";

/** Holds a deleted pool until its sessions have ended and its workers are gone. */
export const FINALIZER = `${API_GROUP}/drain`;

/** Pod readiness gate: True when the worker is ready and its presets are loaded. */
export const WARM_GATE = `${API_GROUP}/warm`;

export const labels = {
  managedBy: "app.kubernetes.io/managed-by",
  /** Name of the pool (same namespace). */
  pool: `${API_GROUP}/pool`,
  /** Name of the worker group within the pool. */
  group: `${API_GROUP}/group`,
  /** Engine of the group. */
  engine: `${API_GROUP}/engine`,
  /** On a pod, "true" or "false": whether the pool's PodDisruptionBudget keeps it from being evicted. */
  protected: `${API_GROUP}/protected`,
} as const;

export const MANAGED_BY = "avatarpool";

export const annotations = {
  /** On a pod: the time since when gateways must not send launches to it. Set and removed by the operator. */
  cordoned: `${API_GROUP}/cordoned`,
  /** The ReplicaSet controller removes the pods with the lowest value first. */
  deletionCost: "controller.kubernetes.io/pod-deletion-cost",
  /** On a pod: hash of the template that it was made from; on a Deployment: of the one that it was given. Tells the workers of the present revision from those of former ones. */
  template: `${API_GROUP}/template`,
  /** On a Deployment: hash of the user's inputs that its template was made from. */
  templateInputs: `${API_GROUP}/template-inputs`,
  /** On a Deployment: image of the AvatarPool that rendered its template. */
  renderedBy: `${API_GROUP}/rendered-by`,
  /** On a Deployment: version of what its pods and AvatarPool rely on in each other. */
  sidecarContract: `${API_GROUP}/sidecar-contract`,
  /** On a Deployment: its template as it was applied, compressed. An upgrade keeps that. */
  appliedTemplate: `${API_GROUP}/applied-template`,
  /** On a Deployment: the template whose rollout is stopped, and the start-up time in ms that stopped it. */
  heldBack: `${API_GROUP}/held-back`,
  /** Whether the cluster autoscaler may evict the pod to remove its node. */
  safeToEvict: "cluster-autoscaler.kubernetes.io/safe-to-evict",
} as const;

/** Header of a worker's preStop hook, in lower case: the sidecar drains only for the kubelet, which has the token from the pod. */
export const DRAIN_TOKEN_HEADER = "avatarpool-drain-token";

/** Name of the container of a worker pod that serves sessions. */
export const WORKER_CONTAINER = "worker";
