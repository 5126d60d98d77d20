import { describe, expect, it } from "vitest";
import { gatewaySettings, operatorSettings } from "./settings.ts";

const needed = { AVATARPOOL_IMAGE: "avatarpool:1" };

describe("settings", () => {
  it("require only the image", () => {
    expect(operatorSettings(needed)).toMatchObject({
      namespaces: [],
      log: { level: "info", format: "json" },
      lease: { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 },
      host: undefined,
      httpPort: 8_081,
      gateways: [],
      loadTokenFile: "/var/run/secrets/avatarpool/token",
      image: "avatarpool:1",
    });
    expect(gatewaySettings({})).toMatchObject({
      launchPort: 8_080,
      internalPort: 8_081,
      operatorUser: "system:serviceaccount:avatarpool:avatarpool-operator",
    });
  });

  it("accept lists with spaces and empty items", () => {
    expect(operatorSettings({ ...needed, AVATARPOOL_NAMESPACES: " a, b,,c " }).namespaces).toEqual(["a", "b", "c"]);
  });

  it("accept addresses and CIDRs of proxies, and reject other values", () => {
    const proxies = (text: string) => gatewaySettings({ AVATARPOOL_TRUSTED_PROXIES: text }).trustedProxies;
    expect(proxies("10.0.0.0/8, 192.0.2.1,2001:db8::/32")).toEqual(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]);
    for (const wrong of ["10.0.0.0/33", "10.0.0/8", "proxy", "10.0.0.0/8/8", "10.0.0.0/", "1"]) {
      expect(() => proxies(wrong)).toThrow("AVATARPOOL_TRUSTED_PROXIES: must be addresses or CIDR ranges");
    }
  });

  it("reject lease timings that would permit two leaders", () => {
    const wrong = { AVATARPOOL_LEASE_SECONDS: "10", AVATARPOOL_LEASE_RETRY_SECONDS: "10" };
    const message =
      /_RETRY_SECONDS: must be less than .*_RENEW_SECONDS; .*_RENEW_SECONDS: must be less than AVATARPOOL_LEASE_SECONDS$/;
    expect(() => operatorSettings({ ...needed, ...wrong })).toThrow(message);
  });

  it("read the peers of workers", () => {
    const peers = (text: string) => operatorSettings({ ...needed, AVATARPOOL_WORKER_PEERS: text }).workerPeers;
    const gateways = [{ podSelector: { matchLabels: { app: "gateway" } } }];
    expect(peers(JSON.stringify(gateways))).toEqual(gateways);
    expect(operatorSettings(needed).workerPeers).toEqual([]);
    for (const wrong of ["gateway", "{}", "[1]", '[{"podSelector":1}]'])
      expect(() => peers(wrong)).toThrow("AVATARPOOL_WORKER_PEERS: must be a JSON list of NetworkPolicyPeers");
  });

  it("name every invalid variable", () => {
    const wrong = { AVATARPOOL_HTTP_PORT: "http", AVATARPOOL_LOG_LEVEL: "loud", AVATARPOOL_GATEWAY_SERVICE: "gateway" };
    const message =
      /AVATARPOOL_LOG_LEVEL: .*AVATARPOOL_HTTP_PORT: .*AVATARPOOL_GATEWAY_SERVICE: must be namespace\/name.*AVATARPOOL_IMAGE: /;
    expect(() => operatorSettings(wrong)).toThrow(message);
  });
});
