import { describe, expect, it } from "vitest";
import { pool } from "../../test/support/pools.ts";
import { workerNetworkPolicy } from "./network-policy.ts";

const gateways = { podSelector: { matchLabels: { "app.kubernetes.io/component": "gateway" } } };
const selector = { "app.kubernetes.io/managed-by": "avatarpool", "avatarpool.dev/pool": "support" };

describe("workerNetworkPolicy", () => {
  it("lets only the given peers connect to the pool's workers, and limits no connection that workers open", () => {
    const { metadata, spec } = workerNetworkPolicy(pool().config, [gateways]);
    expect(metadata).toMatchObject({
      namespace: "avatars",
      name: "support-workers",
      labels: selector,
      ownerReferences: [{ kind: "AvatarPool", uid: "pool-uid", controller: true }],
    });
    expect(spec).toEqual({
      podSelector: { matchLabels: selector },
      policyTypes: ["Ingress"],
      ingress: [{ from: [gateways] }],
    });
  });

  it("adds the peers of the pool, and limits what workers open only if the pool lists it", () => {
    const scraper = { from: [{ namespaceSelector: { matchLabels: { team: "metrics" } } }], ports: [{ port: 9_090 }] };
    const egress = [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }, { ports: [{ protocol: "UDP" as const, port: 53 }] }];
    const { config } = pool({ networkPolicy: { ingress: [scraper], egress } });
    const { spec } = workerNetworkPolicy(config, [gateways]);
    expect(spec.ingress).toEqual([{ from: [gateways] }, { ...scraper, ports: [{ protocol: "TCP", port: 9_090 }] }]);
    expect(spec).toMatchObject({ policyTypes: ["Ingress", "Egress"], egress });
  });
});
