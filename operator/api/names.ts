/** Names that are visible to other software: the API group, labels, annotations, the finalizer and the readiness gate. */

export const API_GROUP = "avatarpool.dev";
export const API_VERSION = "v1alpha1";
export const API_GROUP_VERSION = `${API_GROUP}/${API_VERSION}`;
export const KIND = "AvatarPool";
export const PLURAL = "avatarpools";

/** The field manager of all server-side applies of the operator. */
export const FIELD_MANAGER = "avatarpool-operator";

/** The field manager of the writes of `kubectl avatarpool`. */
export const CLI_FIELD_MANAGER = "avatarpool-cli";

/** Default name of the operator's Deployment and of its leader election Lease, for a Helm release named `avatarpool`. */
export const OPERATOR_NAME = "avatarpool-operator";

/** Keeps a deleted pool until its sessions have ended and its workers are removed. */
export const FINALIZER = `${API_GROUP}/drain`;

/** Pod readiness gate: True if the worker is ready and its presets are loaded. */
export const WARM_GATE = `${API_GROUP}/warm`;

export const labels = {
  managedBy: "app.kubernetes.io/managed-by",
  /** Name of the pool, which is in the same namespace. */
  pool: `${API_GROUP}/pool`,
  group: `${API_GROUP}/group`,
  engine: `${API_GROUP}/engine`,
  /** On a pod, "true" or "false": whether the pool's PodDisruptionBudget protects it from eviction. */
  protected: `${API_GROUP}/protected`,
} as const;

export const MANAGED_BY = "avatarpool";

export const annotations = {
  /** On a pod: the time of its cordon. Gateways send no launches to a cordoned worker. */
  cordoned: `${API_GROUP}/cordoned`,
  /**
   * On a pod, set by a user: the time of a request to drain this worker. Gateways send it no launches, and the operator removes it
   * once its sessions have ended.
   */
  drain: `${API_GROUP}/drain-requested`,
  /** The ReplicaSet controller removes the pods with the lowest value first. */
  deletionCost: "controller.kubernetes.io/pod-deletion-cost",
  /** On a pod: hash of its template. On a Deployment: hash of its current template. Distinguishes current workers from those of earlier revisions. */
  template: `${API_GROUP}/template`,
  /** On a Deployment: hash of the user's inputs to its template. */
  templateInputs: `${API_GROUP}/template-inputs`,
  /** On a Deployment: image of the AvatarPool version that rendered its template. */
  renderedBy: `${API_GROUP}/rendered-by`,
  /** On a Deployment: version of the contract between its pods and AvatarPool. */
  sidecarContract: `${API_GROUP}/sidecar-contract`,
  /** On a Deployment: its applied template, compressed. An upgrade of AvatarPool keeps this template. */
  appliedTemplate: `${API_GROUP}/applied-template`,
  /** On a Deployment: the template whose rollout is stopped, and the start-up time in ms that is the reason. */
  heldBack: `${API_GROUP}/held-back`,
  /** On the Lease of the operator: origin of the leader's console, to which the other replicas send requests. */
  consoleOrigin: `${API_GROUP}/console`,
  /** Whether the cluster autoscaler may evict the pod to remove its node. */
  safeToEvict: "cluster-autoscaler.kubernetes.io/safe-to-evict",
} as const;

/** Header of the preStop hook, in lower case. The sidecar drains only for the kubelet, which reads the token from the pod spec. */
export const DRAIN_TOKEN_HEADER = "avatarpool-drain-token";

/** Name of the container of a worker pod that serves sessions. */
export const WORKER_CONTAINER = "worker";
