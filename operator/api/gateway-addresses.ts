import type { V1Endpoint, V1EndpointSlice } from "@kubernetes/client-node";
import type { Json } from "../kube/types.ts";

/** Name of the port in the gateways' internal Service. */
const PORT_NAME = "internal";

/**
 * Base URLs of the gateways in a slice. Those that are terminating count too: they still finish launches, and a cordon is
 * acknowledged only when they know of it.
 */
export function gatewayAddresses(slice: Json<V1EndpointSlice>): readonly string[] {
  return addressesOf(slice, () => true);
}

/**
 * Base URLs of those that take launches now. `ready` says nothing: the Service publishes addresses that are not ready; `serving`
 * is what the gateway's own readiness says.
 */
export function liveGatewayAddresses(slice: Json<V1EndpointSlice>): readonly string[] {
  return addressesOf(slice, ({ conditions }) => conditions?.serving !== false && conditions?.terminating !== true);
}

function addressesOf(
  { addressType, endpoints, ports }: Json<V1EndpointSlice>,
  counts: (endpoint: Json<V1Endpoint>) => boolean,
): readonly string[] {
  const port = ports?.find(({ name }) => name === PORT_NAME)?.port;
  if (port === undefined) return [];
  const hostOf = (address: string) => (addressType === "IPv6" ? `[${address}]` : address);
  return (endpoints ?? [])
    .filter(counts)
    .flatMap(({ addresses }) => addresses.map((address) => `http://${hostOf(address)}:${port}`));
}
