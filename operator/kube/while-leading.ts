import type { KubeClient } from "./client.ts";
import { KubeError, NOT_LEADING } from "./errors.ts";

type Client = Pick<KubeClient, "get" | "create" | "apply" | "mergePatch" | "delete">;

/**
 * A client whose writes end with the leadership. Work in progress when the lease is lost would otherwise write earlier decisions
 * while another leader makes new ones: two leaders that remove workers may together remove a busy worker.
 * @param holds whether this process holds the lease. It is called before each attempt of a write, so that a machine that was
 * suspended detects the loss before any timer fires.
 * @returns a client that throws KubeError (`NotLeading`) at every write after the loss. A write in flight may still arrive,
 * and is not repeated after `leading` has aborted.
 */
export function whileLeading(client: Client, leading: AbortSignal, holds: () => boolean): Client {
  const check = () => {
    if (!holds()) throw new KubeError("this operator is no longer the leader", { status: 0, reason: NOT_LEADING });
  };
  const bound = { signal: leading, beforeEachTry: check };
  const write = async <T>(send: () => Promise<T>): Promise<T> => {
    check();
    return send();
  };
  return {
    get: (type, ref, options) => client.get(type, ref, options),
    create: (type, object, options) => write(() => client.create(type, object, { ...bound, ...options })),
    apply: (type, object, options) => write(() => client.apply(type, object, { ...bound, ...options })),
    mergePatch: (type, ref, patch, options) => write(() => client.mergePatch(type, ref, patch, { ...bound, ...options })),
    delete: (type, ref, options) => write(() => client.delete(type, ref, { ...bound, ...options })),
  };
}
