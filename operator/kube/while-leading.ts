import type { KubeClient } from "./client.ts";
import { KubeError, NOT_LEADING } from "./errors.ts";

type Client = Pick<KubeClient, "get" | "create" | "apply" | "mergePatch" | "delete">;

/**
 * A client whose writes end with the leadership. Work that is under way when the lease is lost would go on with writes that were
 * decided before, while another leader decides anew: two that take workers away may together take a busy one.
 * @param holds whether the lease is ours. It is called right before each write is sent and sent again: a machine that was suspended
 * learns from it before any timer fires.
 * @returns a client that throws KubeError (`NotLeading`) at every write once it is not; a write that is on its way may still
 * arrive, and is not repeated after `leading` has aborted.
 */
export function whileLeading(client: Client, leading: AbortSignal, holds: () => boolean): Client {
  const check = () => {
    if (!holds()) throw new KubeError("this operator is no longer the leader", { status: 0, reason: NOT_LEADING });
  };
  const bound = { signal: leading, beforeEachTry: check };
  return {
    get: (type, ref, options) => client.get(type, ref, options),
    create: async (type, object, options) => {
      check();
      return client.create(type, object, { ...bound, ...options });
    },
    apply: async (type, object, options) => {
      check();
      return client.apply(type, object, { ...bound, ...options });
    },
    mergePatch: async (type, ref, patch, options) => {
      check();
      return client.mergePatch(type, ref, patch, { ...bound, ...options });
    },
    delete: async (type, ref, options) => {
      check();
      return client.delete(type, ref, { ...bound, ...options });
    },
  };
}
