import type { V1EndpointSlice } from "@kubernetes/client-node";
import { gatewayEndpoints, liveGatewayAddresses } from "../../api/gateway-addresses.ts";
import type { KubeClient } from "../../kube/client.ts";
import { Informer } from "../../kube/informer.ts";
import { endpointSlices } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import type { GatewaySettings } from "../../settings.ts";
import type { Logger } from "../../telemetry/logger.ts";

export interface DiscoveryDeps {
  readonly kube: KubeClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Whether the settings say how other gateways are found. */
export function hasPeers({ gateways, gatewayService }: GatewaySettings): boolean {
  return gateways.length > 0 || gatewayService !== undefined;
}

/**
 * Tells which gateways are live until the signal aborts: by the list in the settings, or else by their Service's
 * EndpointSlices. While the API server is away the last view stays.
 */
export async function followPeers(
  deps: DiscoveryDeps,
  { gateways, gatewayService }: GatewaySettings,
  tell: (addresses: readonly string[]) => void,
  signal: AbortSignal,
): Promise<void> {
  if (gateways.length > 0) return tell(gateways);
  const [namespace, name] = gatewayService?.split("/") ?? [];
  if (namespace === undefined || name === undefined) return;
  const { kube: client, clock, random, logger } = deps;
  const slices = new Informer({
    client,
    type: endpointSlices,
    namespaces: [namespace],
    labelSelector: `kubernetes.io/service-name=${name}`,
    transform: (raw: Json<V1EndpointSlice>) => gatewayEndpoints(raw),
    clock,
    random,
    logger,
  });
  slices.onChange(() => tell(liveGatewayAddresses([...slices.store.values()].flat())));
  await slices.run(signal);
}
