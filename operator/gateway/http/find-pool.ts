import type { PoolConfig } from "../../api/pool-config.ts";
import { LaunchError } from "../errors.ts";

export type PoolPath = { readonly Params: { readonly namespace: string; readonly pool: string } };

export interface FindPoolDeps {
  readonly findPool: (key: string) => PoolConfig | undefined;
  /** Whether pools may exist that this gateway has not listed. */
  readonly viewIsOld?: () => boolean;
}

/**
 * The pool of a request.
 * @param key undefined if the request names no pool and there is no default.
 * @throws LaunchError 404, or 503 if the pool may have been created during an outage of the API server.
 */
export function requirePool({ findPool, viewIsOld }: FindPoolDeps, key: string | undefined): PoolConfig {
  const pool = key === undefined ? undefined : findPool(key);
  if (pool !== undefined) return pool;
  if (key === undefined) {
    const message = "no default pool is set: send launches to POST /{namespace}/{pool}/launch, or set AVATARPOOL_DEFAULT_POOL";
    throw new LaunchError(404, "pool_not_found", message);
  }
  if (viewIsOld?.()) {
    const message = `AvatarPool ${key} is not in this gateway's view, which is stale because the API server does not respond: retry`;
    throw new LaunchError(503, "pool_unknown", message, { retryAfterMs: 5_000 });
  }
  const [namespace, name] = key.split("/");
  const message = `there is no AvatarPool ${name} in namespace ${namespace}: check the URL, or kubectl get avatarpools -A`;
  throw new LaunchError(404, "pool_not_found", message);
}
