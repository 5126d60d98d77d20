import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { PoolConfig } from "../../api/pool-config.ts";
import { LaunchError } from "../errors.ts";
import { refusalOf, refuse } from "./answer.ts";
import { type FindPoolDeps, requirePool } from "./find-pool.ts";

const POOL_PATH = "/:namespace/:pool";
const DEFAULT_PATH = "/launch";
const BROWSER_PATHS = [`${POOL_PATH}/launch`, `${POOL_PATH}/sessions`, `${POOL_PATH}/sessions/*`, DEFAULT_PATH] as const;

/** Headers that a page may send, and response headers that it may read. Tokens are headers, so no cookie is needed. */
const METHODS = "GET, POST, DELETE";
const REQUEST_HEADERS = "authorization, content-type, api-secret, traceparent, tracestate";
const ANSWER_HEADERS = "retry-after, x-avatarpool-worker, x-avatarpool-path";
/** How long a browser may cache the answer. A change of the pool takes effect after this time. */
const REMEMBER_SECONDS = 600;

export interface CorsDeps extends FindPoolDeps {
  readonly defaultPool?: string | undefined;
}

/**
 * The value of `Access-Control-Allow-Origin`; undefined if pages of this origin may not read responses of the pool. Origins are
 * compared whole (RFC 6454), as browsers send them.
 */
export function allowedOrigin({ launch: { allowedOrigins = [] } }: PoolConfig, origin: string): string | undefined {
  if (allowedOrigins.includes("*")) return "*";
  return allowedOrigins.includes(origin) ? origin : undefined;
}

/** Allows browsers to launch in pools that list their page's origin (Fetch standard, CORS protocol). */
export function serveCors(server: FastifyInstance, deps: CorsDeps): void {
  server.addHook("onRequest", (request, reply, done) => {
    const { origin } = request.headers;
    const key = origin === undefined ? undefined : poolKeyOf(request, deps.defaultPool);
    const pool = key === undefined ? undefined : deps.findPool(key);
    if (origin !== undefined && pool !== undefined) expose(reply, allowedOrigin(pool, origin));
    done();
  });
  for (const path of BROWSER_PATHS) server.options(path, (request, reply) => preflight(deps, request, reply));
}

/** Prevents caches from using a response for another origin. */
function expose(reply: FastifyReply, allowed: string | undefined): void {
  reply.header("vary", "Origin");
  if (allowed === undefined) return;
  reply.header("access-control-allow-origin", allowed).header("access-control-expose-headers", ANSWER_HEADERS);
}

function preflight(deps: CorsDeps, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { origin } = request.headers;
  try {
    if (origin === undefined) throw new LaunchError(405, "method_not_allowed", "OPTIONS is supported for browsers only: use POST");
    const pool = requirePool(deps, poolKeyOf(request, deps.defaultPool));
    if (allowedOrigin(pool, origin) === undefined) throw forbidden(pool, origin);
  } catch (error) {
    return refuse(reply, refusalOf(error));
  }
  return reply
    .code(204)
    .header("access-control-allow-methods", METHODS)
    .header("access-control-allow-headers", REQUEST_HEADERS)
    .header("access-control-max-age", String(REMEMBER_SECONDS))
    .send();
}

function poolKeyOf({ params, routeOptions }: FastifyRequest, defaultPool: string | undefined): string | undefined {
  if (routeOptions.url === DEFAULT_PATH) return defaultPool;
  const { namespace, pool } = (params ?? {}) as Partial<Record<"namespace" | "pool", string>>;
  return namespace === undefined || pool === undefined ? undefined : `${namespace}/${pool}`;
}

function forbidden({ namespace, name }: PoolConfig, origin: string): LaunchError {
  const message = `pool ${namespace}/${name} does not allow pages of ${origin.slice(0, 200)}: add this origin to launch.allowedOrigins`;
  return new LaunchError(403, "origin_forbidden", message);
}
