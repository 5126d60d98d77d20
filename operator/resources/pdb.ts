import type { V1OwnerReference, V1PodDisruptionBudgetSpec } from "@kubernetes/client-node";
import { labels, MANAGED_BY } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import { ownedBy } from "./owner.ts";

export interface DisruptionBudgetManifest {
  readonly apiVersion: "policy/v1";
  readonly kind: "PodDisruptionBudget";
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Record<string, string>;
    readonly ownerReferences: V1OwnerReference[];
  };
  readonly spec: V1PodDisruptionBudgetSpec;
}

/** Refuses every eviction of a protected worker of the pool, and none of the others. */
export function workerDisruptionBudget(pool: PoolConfig): DisruptionBudgetManifest {
  const selector = { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name };
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      namespace: pool.namespace,
      name: `${pool.name}-protected`,
      labels: selector,
      ownerReferences: [ownedBy(pool)],
    },
    spec: {
      maxUnavailable: 0,
      selector: { matchLabels: { ...selector, [labels.protected]: "true" } },
      // A worker that does not answer its probes must not hold a node for ever; its preStop hook still waits for sessions.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}
