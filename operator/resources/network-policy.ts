import { labels, MANAGED_BY } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import { ownedBy } from "./owner.ts";

/**
 * A worker accepts a launch from any client that reaches it, so only these peers and those of the pool's spec may connect.
 * @param peers as in a NetworkPolicy.
 */
export function workerNetworkPolicy(pool: PoolConfig, peers: readonly object[]) {
  const selector = { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name };
  const { ingress, egress } = pool.networkPolicy;
  return {
    apiVersion: "networking.k8s.io/v1" as const,
    kind: "NetworkPolicy" as const,
    metadata: {
      namespace: pool.namespace,
      name: `${pool.name}-workers`,
      labels: selector,
      ownerReferences: [ownedBy(pool)],
    },
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: egress === undefined ? ["Ingress"] : ["Ingress", "Egress"],
      // All ports: in a rollout, the workers of two templates may listen on different ones.
      ingress: [{ from: [...peers] }, ...ingress],
      ...(egress === undefined ? {} : { egress: [...egress] }),
    },
  };
}
