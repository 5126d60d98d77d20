import type { KubeClient } from "./client.ts";
import { KubeError } from "./errors.ts";

type Client = Pick<KubeClient, "get" | "apply" | "mergePatch" | "delete">;

/**
 * A client whose writes end with the leadership. Work that is under way when the lease is lost would go on with writes that were
 * decided before, while another leader decides anew: two that take workers away may together take a busy one.
 * @param holds whether the lease is ours: a machine that stood still finds out by the clock before it does so by a timer.
 * @returns a client that throws KubeError (`NotLeading`) at every write once it is not; a write that is on its way may still
 * arrive, and is not repeated after `leading` has aborted.
 */
export function whileLeading(client: Client, leading: AbortSignal, holds: () => boolean): Client {
  const check = () => {
    if (!holds()) throw new KubeError("this operator does not lead any more", { status: 0, reason: "NotLeading" });
  };
  return {
    get: (type, ref, options) => client.get(type, ref, options),
    apply: async (type, object, options) => {
      check();
      return client.apply(type, object, { signal: leading, ...options });
    },
    mergePatch: async (type, ref, patch, options) => {
      check();
      return client.mergePatch(type, ref, patch, { signal: leading, ...options });
    },
    delete: async (type, ref, options) => {
      check();
      return client.delete(type, ref, { signal: leading, ...options });
    },
  };
}
