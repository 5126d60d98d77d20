import type { PoolConfig } from "../../api/pool-config.ts";
import type { KubeClient } from "../../kube/client.ts";
import { fingerprintOf, targetOf } from "./refusal.ts";
import type { Refusals } from "./refusals.ts";

export type PoolClient = Pick<KubeClient, "get" | "create" | "apply" | "mergePatch" | "delete">;

/**
 * The API client of one pool. It remembers rejected requests and does not send them again for a while.
 * @throws KubeError like the client, also for a request that was not sent.
 */
export function guardedClient(client: PoolClient, refusals: Refusals, pool: PoolConfig): PoolClient {
  return {
    get: (type, ref, options) =>
      refusals.attempt(pool, targetOf("get", type, ref), "", undefined, () => client.get(type, ref, options)),
    // The same target as an apply: whatever resolves the rejection of one resolves the other.
    create: (type, object, options) =>
      refusals.attempt(pool, targetOf("apply", type, object.metadata ?? {}), fingerprintOf(object), object, () =>
        client.create(type, object, options),
      ),
    apply: (type, object, options) =>
      refusals.attempt(
        pool,
        targetOf("apply", type, object.metadata ?? {}, options?.subresource),
        options?.subresource === undefined ? fingerprintOf(object) : "",
        object,
        () => client.apply(type, object, options),
      ),
    mergePatch: (type, ref, patch, options) =>
      refusals.attempt(
        pool,
        targetOf("patch", type, ref, options?.subresource),
        options?.subresource === undefined ? fingerprintOf(patch as object) : "",
        patch as object,
        () => client.mergePatch(type, ref, patch, options),
      ),
    delete: (type, ref, options) =>
      refusals.attempt(pool, targetOf("delete", type, ref), "", undefined, () => client.delete(type, ref, options)),
  };
}
