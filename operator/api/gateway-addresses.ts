import type { V1Endpoint, V1EndpointSlice } from "@kubernetes/client-node";
import type { Json } from "../kube/types.ts";
import { httpOrigin } from "./http-origin.ts";

/** Name of the port in the gateways' internal Service. */
const PORT_NAME = "internal";

/** One address of a gateway in an EndpointSlice. A dual-stack Service has a slice for each IP family. */
export interface GatewayEndpoint {
  /** Identity of the gateway, the same in all slices. */
  readonly gateway: string;
  /** Internal base URL. */
  readonly origin: string;
  readonly family: "IPv4" | "IPv6";
  /**
   * Whether the gateway accepts launches. `ready` does not matter, since the Service publishes addresses that are not ready;
   * `serving` is the result of the gateway's readiness probe.
   */
  readonly live: boolean;
}

export function gatewayEndpoints({ addressType, endpoints, ports }: Json<V1EndpointSlice>): readonly GatewayEndpoint[] {
  const port = ports?.find(({ name }) => name === PORT_NAME)?.port;
  if (port === undefined || (addressType !== "IPv4" && addressType !== "IPv6")) return [];
  return (endpoints ?? []).flatMap(({ addresses, targetRef, conditions }: Json<V1Endpoint>) =>
    addresses.map((address) => ({
      gateway: targetRef?.uid ?? targetRef?.name ?? address,
      origin: httpOrigin(address, port),
      family: addressType,
      live: conditions?.serving !== false && conditions?.terminating !== true,
    })),
  );
}

/**
 * One base URL for each gateway, so that a gateway with two addresses does not count twice. All readers of the same slices
 * choose the same URL: the IPv4 address if there is one. Terminating gateways are included: they still finish launches,
 * and a cordon is acknowledged only after they have observed it.
 */
export function gatewayAddresses(endpoints: Iterable<GatewayEndpoint>): readonly string[] {
  return [...byGateway(endpoints)].map(preferred);
}

/** Like {@link gatewayAddresses}, but only gateways that accept launches according to every slice that lists them. */
export function liveGatewayAddresses(endpoints: Iterable<GatewayEndpoint>): readonly string[] {
  return [...byGateway(endpoints)].filter((known) => known.every(({ live }) => live)).map(preferred);
}

type Known = readonly [GatewayEndpoint, ...GatewayEndpoint[]];

function byGateway(endpoints: Iterable<GatewayEndpoint>): Iterable<Known> {
  const known = new Map<string, Known>();
  for (const endpoint of endpoints) known.set(endpoint.gateway, [endpoint, ...(known.get(endpoint.gateway) ?? [])]);
  return known.values();
}

function preferred(known: Known): string {
  return known.reduce((best, next) => (precedes(next, best) ? next : best)).origin;
}

function precedes(a: GatewayEndpoint, b: GatewayEndpoint): boolean {
  return a.family === b.family ? a.origin < b.origin : a.family === "IPv4";
}
