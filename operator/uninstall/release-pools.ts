import { FINALIZER } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { isConflict, isForbidden, isNotFound } from "../kube/errors.ts";
import { avatarPools } from "../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import type { Logger } from "../telemetry/logger.ts";

const PAGE = 500;
/** Conflicting changes of a pool during an uninstall are rare. */
const TRIES = 5;

type Client = Pick<KubeClient, "get" | "list" | "mergePatch">;

export interface ReleasePoolsDeps {
  readonly client: Client;
  readonly logger: Logger;
}

/**
 * Removes the finalizer of the operator from all pools of these namespaces, or of the cluster if the list is empty. Pools and
 * workers stay. The function is idempotent. The operator must not run, because it would add the finalizer again.
 * @returns the number of pools that had the finalizer.
 */
export async function releasePools(deps: ReleasePoolsDeps, namespaces: readonly string[]): Promise<number> {
  let released = 0;
  for (const namespace of namespaces.length === 0 ? [undefined] : namespaces) {
    for await (const pool of poolsOf(deps, namespace)) {
      if (!hasFinalizer(pool)) continue;
      await release(deps, pool);
      released += 1;
    }
  }
  return released;
}

async function* poolsOf({ client, logger }: ReleasePoolsDeps, namespace: string | undefined): AsyncGenerator<KubeObject> {
  let next: string | undefined;
  do {
    const options = { limit: PAGE, ...(namespace !== undefined && { namespace }), ...(next !== undefined && { continue: next }) };
    const page = await client.list(avatarPools, options).catch((error: unknown) => {
      // Without the CRD there are no pools. The rights in a deleted namespace are gone too.
      if (isNotFound(error)) return undefined;
      if (namespace === undefined || !isForbidden(error)) throw error;
      logger.warn({ namespace, err: error }, "namespace skipped: failed to list its pools");
      return undefined;
    });
    yield* page?.items ?? [];
    next = page?.continue;
  } while (next !== undefined);
}

async function release({ client, logger }: ReleasePoolsDeps, pool: KubeObject): Promise<void> {
  const ref = { namespace: pool.metadata?.namespace ?? "", name: pool.metadata?.name ?? "" };
  let current: KubeObject | undefined = pool;
  for (let tries = 1; current !== undefined && hasFinalizer(current); tries += 1) {
    if (await removed(client, ref, current, tries < TRIES)) break;
    current = await client.get(avatarPools, ref);
  }
  logger.info({ pool: keyOf(ref) }, "finalizer removed");
}

/** @returns false on a conflict: the caller may read the pool and retry. */
async function removed(client: Client, ref: ObjectRef, { metadata }: KubeObject, mayTryAgain: boolean): Promise<boolean> {
  const finalizers = (metadata?.finalizers ?? []).filter((name) => name !== FINALIZER);
  try {
    await client.mergePatch(avatarPools, ref, { metadata: { resourceVersion: metadata?.resourceVersion, finalizers } });
    return true;
  } catch (error) {
    if (isNotFound(error)) return true;
    if (isConflict(error) && mayTryAgain) return false;
    throw error;
  }
}

function hasFinalizer({ metadata }: KubeObject): boolean {
  return metadata?.finalizers?.includes(FINALIZER) ?? false;
}
