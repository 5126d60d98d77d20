import type { V1EndpointSlice } from "@kubernetes/client-node";
import { type GatewayEndpoint, gatewayEndpoints } from "../api/gateway-addresses.ts";
import { Informer, type InformerOptions } from "./informer.ts";
import { endpointSlices } from "./resource-types.ts";
import { type Json, type KubeObject, refOf } from "./types.ts";

export interface GatewaySource {
  /** Base URLs of all gateways; they take precedence over the Service. */
  readonly gateways: readonly string[];
  /** `namespace/name` of the gateways' internal Service. */
  readonly gatewayService?: string | undefined;
}

/**
 * Reports the base URLs of the gateways until the signal aborts. The last report stays valid while the API server is away.
 * @param addressesOf chooses the gateways and their addresses.
 */
export async function followGateways(
  deps: Pick<InformerOptions<KubeObject, unknown>, "client" | "clock" | "random" | "logger">,
  { gateways, gatewayService }: GatewaySource,
  addressesOf: (endpoints: Iterable<GatewayEndpoint>) => readonly string[],
  report: (addresses: readonly string[]) => void,
  signal: AbortSignal,
): Promise<void> {
  if (gateways.length > 0 || gatewayService === undefined) return report(gateways);
  const { namespace, name } = refOf(gatewayService);
  const slices = new Informer({
    ...deps,
    type: endpointSlices,
    namespaces: [namespace],
    labelSelector: `kubernetes.io/service-name=${name}`,
    transform: (raw: Json<V1EndpointSlice>) => gatewayEndpoints(raw),
  });
  slices.onChange(() => report(addressesOf([...slices.store.values()].flat())));
  await slices.run(signal);
}
