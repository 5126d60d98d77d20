import type { V1Secret } from "@kubernetes/client-node";
import type { KubeClient } from "../../kube/client.ts";
import { secrets } from "../../kube/resource-types.ts";
import type { Json } from "../../kube/types.ts";
import type { ReadSecret } from "./client-tokens.ts";

/** Reads a Secret from the API server. */
export function readSecretWith(client: Pick<KubeClient, "get">): ReadSecret {
  return async (ref, signal) => {
    const secret = await client.get<Json<V1Secret>>(secrets, ref, { signal });
    if (secret === undefined) return undefined;
    return new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
  };
}
