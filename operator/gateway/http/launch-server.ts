import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { whenGone } from "../../runtime/when-gone.ts";
import { networkOf } from "../../telemetry/caller.ts";
import type { DenialLog } from "../../telemetry/denial-log.ts";
import type { GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { traceContextOf, traceId } from "../../telemetry/trace-context.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { MAX_NAME_LENGTH } from "../admission/launch-fields.ts";
import { LaunchError } from "../errors.ts";
import { type LaunchTrace, newTrace } from "../launch/launch-trace.ts";
import { accept, refusalOf, refuse } from "./answer.ts";
import { ClientCuts } from "./client-cuts.ts";
import { serveCors } from "./cors.ts";
import { discard } from "./discard.ts";
import { type FindPoolDeps, type PoolPath, requirePool } from "./find-pool.ts";
import { type NotReady, serveHealth, serveRoot } from "./health-routes.ts";
import { record } from "./launch-record.ts";
import { nodeServer } from "./node-server.ts";
import { openApi } from "./openapi.ts";
import { type ServeLaunchDeps, serveLaunch } from "./serve-launch.ts";
import type { TlsPair } from "./tls-files.ts";

export interface LaunchServerDeps extends ServeLaunchDeps, FindPoolDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  /** Undefined if no traces are exported. */
  readonly tracer?: Pick<Tracer, "start"> | undefined;
  readonly denials: Pick<DenialLog, "note">;
  /** Position of the next launch among all launches of this gateway. */
  readonly nextOrder: () => number;
  /** Proxies whose `X-Forwarded-For` is trusted: addresses and CIDRs. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Key of the pool for `POST /launch`. */
  readonly defaultPool?: string | undefined;
  readonly notReady: NotReady;
  readonly stopping?: () => boolean;
  readonly tls?: TlsPair | undefined;
}

type Query = { readonly Querystring: { readonly async?: string | readonly string[] } };

/** The server for clients: `POST /{namespace}/{pool}/launch`, and `POST /launch` for the default pool. */
export function launchServer(deps: LaunchServerDeps): FastifyInstance {
  const server = fastify({
    serverFactory: (handler) => nodeServer(handler, { tls: deps.tls, bodyTimeoutMs: deps.read.timeoutMs }),
    forceCloseConnections: "idle",
    trustProxy: deps.trustedProxies === undefined ? false : [...deps.trustedProxies],
    routerOptions: {
      // Paths contain names of rooms; an encoded character takes three.
      maxParamLength: 3 * MAX_NAME_LENGTH,
      // Clients join a base URL and a path, which may both have a slash.
      ignoreTrailingSlash: true,
      ignoreDuplicateSlashes: true,
    },
    // While the gateway stops, it serves launches on open connections.
    return503OnClosing: false,
    // Requests that cannot be routed, such as a URL with an invalid encoding.
    frameworkErrors: (error, _request, reply) => refuse(reply, refusalOf(error)),
  });
  const cuts = new ClientCuts();

  // Clients open new connections to another gateway before this one closes theirs.
  server.addHook("onSend", (_request, reply, payload, done) => {
    if (deps.stopping?.() || !server.server.listening) reply.header("connection", "close");
    done(null, payload);
  });

  // The handler reads the body, since the limits depend on the pool.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _payload, done) => done(null));

  const launch = async (key: string | undefined, request: FastifyRequest<Query>, reply: FastifyReply): Promise<FastifyReply> => {
    const order = deps.nextOrder();
    const traceContext = traceContextOf(request.headers);
    const arrivedMs = deps.clock.now();
    const span = deps.tracer?.start(traceContext, arrivedMs);
    const trace = newTrace(arrivedMs, span?.traceId ?? traceId(traceContext), span);
    const signal = whenGone(reply.raw);
    let pool: PoolConfig | undefined;
    try {
      pool = requirePool(deps, key);
      const arrival = {
        order,
        arrivedMs,
        traceContext: span?.context ?? traceContext,
        signal,
        trace,
        network: networkOf(request.ip),
      };
      const answer = await serveLaunch(deps, pool, request.raw, firstOf(request.query.async), arrival);
      record(deps, pool, trace, "served");
      return accept(reply, answer, trace, deps.clock.now());
    } catch (error) {
      const refusal = refusalOf(error);
      record(deps, pool, trace, refusal);
      if (refusal.code === "unauthorized") deps.denials.note(request, refusal.message);
      if (refusal.code === "client_gone") hintAtTimeout(deps, cuts, trace);
      if (refusal.code !== "slow_request") await discard(request.raw);
      return refuse(reply, refusal);
    }
  };
  server.post<Query>("/launch", (request, reply) => launch(deps.defaultPool, request, reply));
  server.post<Query & PoolPath>("/:namespace/:pool/launch", (request, reply) => {
    const { namespace, pool } = request.params;
    return launch(`${namespace}/${pool}`, request, reply);
  });

  serveCors(server, deps);
  serveHealth(server, deps.notReady);
  serveRoot(server, deps.notReady);
  const description = JSON.stringify(openApi());
  server.get("/openapi.json", (_request, reply) => reply.type("application/json; charset=utf-8").send(description));

  server.setNotFoundHandler(async (request, reply) => {
    await discard(request.raw);
    return refuse(reply, nothingThere(request.method, request.url));
  });
  server.setErrorHandler(async (error, request, reply) => {
    await discard(request.raw);
    return refuse(reply, refusalOf(error));
  });
  return server;
}

/** If many clients disconnect after the same time, a proxy cuts their connections. */
function hintAtTimeout({ clock, logger }: LaunchServerDeps, cuts: ClientCuts, { arrivedMs }: LaunchTrace): void {
  const nowMs = clock.now();
  const hint = cuts.note(nowMs - arrivedMs, nowMs);
  if (hint !== undefined)
    logger.warn(hint, "client connections close after the same time: raise the timeout of the proxy in front to 330s");
}

function nothingThere(method: string, url: string): LaunchError {
  return method !== "POST" && /^(\/+[^/?]+\/+[^/?]+)?\/+launch\/*(\?|$)/.test(url)
    ? new LaunchError(405, "method_not_allowed", `${method} is not supported for launches: use POST`)
    : new LaunchError(404, "not_found", "not found: send launches to POST /{namespace}/{pool}/launch");
}

function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value[0];
}
