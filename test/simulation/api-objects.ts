/** The fields of a simulated API server's object that the simulation reads. It is immutable: every write creates a new one. */
export interface ApiObject {
  readonly kind?: string;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly [field: string]: unknown;
  };
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface PodStatus {
  readonly phase: string;
  readonly reason?: string;
  readonly message?: string;
  readonly podIP?: string;
  readonly conditions: readonly PodCondition[];
  readonly containerStatuses: readonly { readonly name: string; readonly started?: boolean; readonly state: object }[];
}

export function labelsOf(object: ApiObject): Readonly<Record<string, string>> {
  return object.metadata.labels ?? {};
}

export function statusOf(pod: ApiObject): PodStatus {
  return pod.status as PodStatus;
}

export function nodeOf(pod: ApiObject): string | undefined {
  return (pod.spec as { readonly nodeName?: string }).nodeName;
}

export function isDeleting(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Its containers have ended permanently. */
export function hasFailed(pod: ApiObject): boolean {
  return statusOf(pod).phase === "Failed";
}

export function holds(pod: ApiObject, type: string): boolean {
  return statusOf(pod).conditions.some((condition) => condition.type === type && condition.status === "True");
}

export function withConditions(status: PodStatus, ...conditions: readonly PodCondition[]): PodStatus {
  const others = status.conditions.filter(({ type }) => !conditions.some((condition) => condition.type === type));
  return { ...status, conditions: [...others, ...conditions] };
}

/** Whole seconds, like times in Kubernetes. */
export function timeText(atMs: number): string {
  return new Date(Math.floor(atMs / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
}
