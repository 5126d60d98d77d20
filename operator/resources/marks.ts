import { annotations, labels } from "../api/names.ts";

/** What the operator has to say on a worker's pod. */
export interface PodMarks {
  /** Since when gateways must not send launches to it. */
  readonly cordonedAtMs: number | undefined;
  /** The one to go when its group shrinks. */
  readonly released: boolean;
  /** Not to be evicted: it has sessions, or may have. */
  readonly protected: boolean;
}

/** The ReplicaSet controller takes the pods with the lowest cost first. */
const COST = { released: "-1000", idle: "0", protected: "1000" } as const;

/**
 * Labels and annotations of a pod with these marks. What does not hold is said too, where the pod template says the
 * opposite: leaving it out of a server-side apply would only take away what was applied before.
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
      // "true" says more than nothing: without it a pod with an emptyDir keeps its node from being removed.
      [annotations.safeToEvict]: String(!marks.protected),
    },
  };
}

/** A pod as its template makes it: protected until it is known to be idle, so that nothing depends on an operator that is away. */
export const templateMarks: PodMarks = { cordonedAtMs: undefined, released: false, protected: true };
