import type { V1EndpointSlice } from "@kubernetes/client-node";
import type { Json } from "../kube/types.ts";

/** Name of the port in the gateways' internal Service. */
const PORT_NAME = "internal";

/**
 * Base URLs of the gateways in a slice. Those that are terminating count too: they still finish launches, and a cordon is
 * acknowledged only when they know of it.
 */
export function gatewayAddresses({ addressType, endpoints, ports }: Json<V1EndpointSlice>): readonly string[] {
  const port = ports?.find(({ name }) => name === PORT_NAME)?.port;
  if (port === undefined) return [];
  const hostOf = (address: string) => (addressType === "IPv6" ? `[${address}]` : address);
  return (endpoints ?? []).flatMap(({ addresses }) => addresses.map((address) => `http://${hostOf(address)}:${port}`));
}
