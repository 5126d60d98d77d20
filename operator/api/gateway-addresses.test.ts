import { describe, expect, it } from "vitest";
import { gatewayAddresses, liveGatewayAddresses } from "./gateway-addresses.ts";

const ports = [
  { name: "launch", port: 8080 },
  { name: "internal", port: 8081 },
];

describe("gatewayAddresses", () => {
  it("takes the internal port of every endpoint, also of those that are not ready or going", () => {
    const endpoints = [{ addresses: ["10.0.0.1"] }, { addresses: ["10.0.0.2"], conditions: { ready: false, terminating: true } }];
    expect(gatewayAddresses({ addressType: "IPv4", endpoints, ports })).toEqual(["http://10.0.0.1:8081", "http://10.0.0.2:8081"]);
  });

  it("writes IPv6 addresses as URLs want them", () => {
    expect(gatewayAddresses({ addressType: "IPv6", endpoints: [{ addresses: ["fd00::1"] }], ports })).toEqual([
      "http://[fd00::1]:8081",
    ]);
  });

  it("finds nothing in a slice without the port or without endpoints", () => {
    expect(gatewayAddresses({ addressType: "IPv4", endpoints: [{ addresses: ["10.0.0.1"] }] })).toEqual([]);
    expect(gatewayAddresses({ addressType: "IPv4", endpoints: null as never, ports })).toEqual([]);
  });
});

describe("liveGatewayAddresses", () => {
  it("leaves out gateways that are not ready by their own word, or that are going", () => {
    const endpoint = (address: string, conditions?: object) => ({ addresses: [address], ...(conditions && { conditions }) });
    const endpoints = [
      endpoint("10.0.0.1"),
      endpoint("10.0.0.2", { ready: true, serving: false }),
      endpoint("10.0.0.3", { ready: true, serving: true, terminating: true }),
      endpoint("10.0.0.4", { ready: true, serving: true, terminating: false }),
    ];
    expect(liveGatewayAddresses({ addressType: "IPv4", endpoints, ports })).toEqual([
      "http://10.0.0.1:8081",
      "http://10.0.0.4:8081",
    ]);
  });
});
