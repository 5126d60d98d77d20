import { annotations, labels } from "../api/names.ts";

/** The state that the operator records on the pod of a worker. */
export interface PodMarks {
  /** Time of the cordon: gateways send no launches to this worker. */
  readonly cordonedAtMs: number | undefined;
  /** Whether the next scale-down of the group deletes this pod. */
  readonly released: boolean;
  /** Whether evictions are denied, because the worker has or may have sessions. */
  readonly protected: boolean;
}

/** The ReplicaSet controller deletes the pods with the lowest cost first. */
const COST = { released: "-1000", idle: "0", protected: "1000" } as const;

/**
 * Labels and annotations of a pod with these marks. They override the pod template explicitly: a field that is left out of a
 * server-side apply would only remove the value of an earlier apply.
 */
export function marksMetadata(marks: PodMarks): {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
} {
  const { cordonedAtMs } = marks;
  return {
    labels: { [labels.protected]: String(marks.protected) },
    annotations: {
      ...(cordonedAtMs === undefined ? {} : { [annotations.cordoned]: new Date(cordonedAtMs).toISOString() }),
      [annotations.deletionCost]: marks.released ? COST.released : marks.protected ? COST.protected : COST.idle,
      // Without an explicit "true", a pod with an emptyDir prevents the removal of its node.
      [annotations.safeToEvict]: String(!marks.protected),
    },
  };
}

/** A new pod is protected until the operator finds it idle, so protection does not depend on a running operator. */
export const templateMarks: PodMarks = { cordonedAtMs: undefined, released: false, protected: true };
