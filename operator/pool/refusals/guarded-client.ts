import type { PoolConfig } from "../../api/pool-config.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type Target, targetOf } from "./refusal.ts";
import type { Refusals } from "./refusals.ts";

export type PoolClient = Pick<KubeClient, "get" | "create" | "apply" | "mergePatch" | "delete">;

/**
 * The API client of one pool. It remembers rejected requests and does not send them again for a while.
 * @throws KubeError like the client, also for a request that was not sent.
 */
export function guardedClient(client: PoolClient, refusals: Refusals, pool: PoolConfig): PoolClient {
  const attempt = <T>(target: Target, sent: object | undefined, send: () => Promise<T>) =>
    refusals.attempt(pool, target, sent, send);
  return {
    get: (type, ref, options) => attempt(targetOf("get", type, ref), undefined, () => client.get(type, ref, options)),
    // The same target as an apply: whatever resolves the rejection of one resolves the other.
    create: (type, object, options) =>
      attempt(targetOf("apply", type, object.metadata ?? {}), object, () => client.create(type, object, options)),
    apply: (type, object, options) => {
      const target = targetOf("apply", type, object.metadata ?? {}, options?.subresource);
      return attempt(target, object, () => client.apply(type, object, options));
    },
    mergePatch: (type, ref, patch, options) => {
      const target = targetOf("patch", type, ref, options?.subresource);
      return attempt(target, patch as object, () => client.mergePatch(type, ref, patch, options));
    },
    delete: (type, ref, options) => attempt(targetOf("delete", type, ref), undefined, () => client.delete(type, ref, options)),
  };
}
