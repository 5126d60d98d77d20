import { describe, expect, it } from "vitest";
import { gatewayAddresses, gatewayEndpoints, liveGatewayAddresses } from "./gateway-addresses.ts";

const ports = [
  { name: "launch", port: 8080 },
  { name: "internal", port: 8081 },
];

interface Conditions {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

function endpoint(address: string, conditions?: Conditions, pod?: string) {
  const targetRef = pod === undefined ? {} : { targetRef: { kind: "Pod", name: pod, uid: `uid-${pod}` } };
  return { addresses: [address], ...(conditions && { conditions }), ...targetRef };
}

const ofSlice = (addressType: string, ...endpoints: ReturnType<typeof endpoint>[]) =>
  gatewayEndpoints({ addressType, endpoints, ports });

describe("gatewayAddresses", () => {
  it("returns the internal port of every endpoint, including endpoints that are not ready or terminate", () => {
    const slice = ofSlice("IPv4", endpoint("10.0.0.1"), endpoint("10.0.0.2", { ready: false, terminating: true }));
    expect(gatewayAddresses(slice)).toEqual(["http://10.0.0.1:8081", "http://10.0.0.2:8081"]);
  });

  it("puts IPv6 addresses in brackets", () => {
    expect(gatewayAddresses(ofSlice("IPv6", endpoint("fd00::1")))).toEqual(["http://[fd00::1]:8081"]);
  });

  it("returns no address for a slice without the port, without endpoints, or with host names", () => {
    expect(gatewayEndpoints({ addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] })).toEqual([]);
    expect(gatewayEndpoints({ addressType: "IPv4", endpoints: null as never, ports })).toEqual([]);
    expect(gatewayEndpoints({ addressType: "FQDN", endpoints: [endpoint("a.example.com")], ports })).toEqual([]);
  });

  it("counts a gateway in two slices of a dual-stack Service once, in any order of the slices", () => {
    const four = ofSlice("IPv4", endpoint("10.0.0.1", {}, "a"), endpoint("10.0.0.2", {}, "b"));
    const six = ofSlice("IPv6", endpoint("fd00::2", {}, "b"), endpoint("fd00::1", {}, "a"), endpoint("fd00::3", {}, "c"));
    const once = ["http://10.0.0.1:8081", "http://10.0.0.2:8081", "http://[fd00::3]:8081"];
    expect([...gatewayAddresses([...four, ...six])].sort()).toEqual(once);
    expect([...gatewayAddresses([...six, ...four])].sort()).toEqual(once);
  });
});

describe("liveGatewayAddresses", () => {
  it("omits gateways that fail their readiness probe or terminate", () => {
    const slice = ofSlice(
      "IPv4",
      endpoint("10.0.0.1"),
      endpoint("10.0.0.2", { ready: true, serving: false }),
      endpoint("10.0.0.3", { ready: true, serving: true, terminating: true }),
      endpoint("10.0.0.4", { ready: true, serving: true, terminating: false }),
    );
    expect(liveGatewayAddresses(slice)).toEqual(["http://10.0.0.1:8081", "http://10.0.0.4:8081"]);
  });

  it("omits a gateway if one of its two slices marks it as terminating", () => {
    const four = ofSlice("IPv4", endpoint("10.0.0.1", { terminating: true }, "a"));
    const six = ofSlice("IPv6", endpoint("fd00::1", {}, "a"));
    expect(liveGatewayAddresses([...six, ...four])).toEqual([]);
  });
});
