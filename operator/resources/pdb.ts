import type { V1PodDisruptionBudgetSpec } from "@kubernetes/client-node";
import { labels, MANAGED_BY } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import { ownedBy } from "./owner.ts";

/**
 * More workers than any pool may have, so the budget never allows a disruption. `maxUnavailable: 0` would allow one for each
 * protected worker beyond the size of the Deployments, which occurs in a rollout with a surge.
 */
const MORE_THAN_ANY = 1_000_000;

/** Denies the eviction of every protected worker of the pool, and of no other worker. */
export function workerDisruptionBudget(pool: PoolConfig) {
  const selector = { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name };
  return {
    apiVersion: "policy/v1" as const,
    kind: "PodDisruptionBudget" as const,
    metadata: {
      namespace: pool.namespace,
      name: `${pool.name}-protected`,
      labels: selector,
      ownerReferences: [ownedBy(pool)],
    },
    spec: {
      minAvailable: MORE_THAN_ANY,
      selector: { matchLabels: { ...selector, [labels.protected]: "true" } },
      // The budget covers workers that are not Ready too: gateways use a worker as soon as it answers, with or without the gate.
      unhealthyPodEvictionPolicy: "IfHealthyBudget",
    } satisfies V1PodDisruptionBudgetSpec,
  };
}
