import type { KubeClient } from "../kube/client.ts";
import { avatarPools } from "../kube/resource-types.ts";
import type { KubeObject, ObjectRef } from "../kube/types.ts";
import { noSuchPool } from "./cluster.ts";

const PAGE = 500;

/** @throws Error if there is no such pool. */
export async function findPool<T extends KubeObject>(client: Pick<KubeClient, "get">, ref: ObjectRef): Promise<T> {
  const pool = await client.get<T>(avatarPools, ref);
  if (pool === undefined) throw noSuchPool(ref);
  return pool;
}

/** The pools of a namespace, or of all namespaces. */
export async function listPools<T extends KubeObject>(
  client: Pick<KubeClient, "list">,
  namespace: string | undefined,
): Promise<readonly T[]> {
  const pools: T[] = [];
  let next: string | undefined;
  do {
    const page = await client.list<T>(avatarPools, {
      limit: PAGE,
      ...(namespace !== undefined && { namespace }),
      ...(next !== undefined && { continue: next }),
    });
    pools.push(...page.items);
    next = page.continue;
  } while (next !== undefined);
  return pools;
}
