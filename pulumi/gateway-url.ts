/** Default name of the release, and of its namespace. */
export const DEFAULT_NAME = "avatarpool";

/** What names the gateway's Service in the chart. */
export interface GatewayNaming {
  readonly release: string;
  readonly namespace: string;
  readonly values: GatewayValues;
}

interface GatewayValues {
  readonly fullnameOverride?: string;
  readonly namespaceOverride?: string;
  readonly gateway?: {
    readonly tls?: { readonly secretName?: string };
    readonly certificate?: { readonly enabled?: boolean };
  };
}

/**
 * The URL of the Service for launches within the cluster, by the rules of the chart's `_helpers.tpl`. The port is the scheme's own.
 * Computed, because a helm.v3.Release outputs no ports, and because a preview renders no Service.
 */
export function gatewayUrl({ release, namespace, values }: GatewayNaming): string {
  const fullname = (values.fullnameOverride || release).slice(0, 40).replace(/-$/, "");
  const hasCertificate = values.gateway?.tls?.secretName || values.gateway?.certificate?.enabled;
  return `${hasCertificate ? "https" : "http"}://${fullname}-gateway.${values.namespaceOverride || namespace}`;
}
