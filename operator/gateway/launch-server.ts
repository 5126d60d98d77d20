import type { IncomingMessage, ServerResponse } from "node:http";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { PoolConfig } from "../api/pool-config.ts";
import type { LaunchRequest } from "../engines/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { GatewayMetrics } from "../telemetry/metrics.ts";
import type { WorkerAnswer } from "../workers/answers.ts";
import { admit, presetOf } from "./admit.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { discard } from "./discard.ts";
import type { Arrival } from "./launch.ts";
import { LaunchError } from "./launch-error.ts";
import { record } from "./launch-record.ts";
import { type LaunchTrace, newTrace } from "./launch-trace.ts";
import { readForm } from "./read-form.ts";

/** Longest that a request may take to arrive: 16 MB at 2 Mbit/s. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Longer than the clients' own keep-alive, so that none sends on a connection that we are closing. */
const KEEP_ALIVE_MS = 75_000;

export interface LaunchServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
  readonly budget: ByteBudget;
  readonly findPool: (key: string) => PoolConfig | undefined;
  readonly launch: (pool: PoolConfig, request: LaunchRequest, arrival: Arrival) => Promise<WorkerAnswer>;
}

interface LaunchRoute {
  readonly Params: { readonly namespace: string; readonly pool: string };
  readonly Querystring: { readonly async?: string | readonly string[] };
}

/** The server that clients launch at: `POST /{namespace}/{pool}/launch`. */
export function launchServer(deps: LaunchServerDeps): FastifyInstance {
  const server = fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: "idle",
    // A launch that arrives on an open connection while we stop is served like the others.
    return503OnClosing: false,
    // What cannot even be routed, such as a URL that is badly encoded.
    frameworkErrors: (error, _request, reply) => refuse(reply, badRequest(error)),
  });
  let order = 0;

  // Otherwise a connection on which a launch was under way when we were told to stop stays open until it times out.
  server.addHook("onSend", async (_request, reply) => {
    if (!server.server.listening) reply.header("connection", "close");
  });

  // Bodies are read by the handler, which knows their limits.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _payload, done) => done(null));

  server.post<LaunchRoute>("/:namespace/:pool/launch", async (request, reply) => {
    const trace = newTrace(deps.clock.now());
    const gone = whenGone(reply.raw);
    order += 1;
    const { namespace, pool: name } = request.params;
    const pool = deps.findPool(`${namespace}/${name}`);
    try {
      if (pool === undefined) throw poolNotFound(namespace, name);
      const answer = await serve(deps, pool, request.raw, firstOf(request.query.async), { order, client: "", signal: gone, trace });
      record(deps, pool, trace, "served");
      return reply
        .code(answer.status)
        .header("x-avatarpool-worker", trace.worker ?? "")
        .header("x-avatarpool-path", trace.path ?? "")
        .type(answer.contentType)
        .send(answer.body);
    } catch (error) {
      const refusal = error instanceof LaunchError ? error : internal(error);
      record(deps, pool, trace, refusal);
      await discard(request.raw);
      return refuse(reply, refusal);
    }
  });

  server.setNotFoundHandler(async (request, reply) => {
    await discard(request.raw);
    return refuse(reply, nothingThere(request.method, request.url));
  });
  server.setErrorHandler(async (error, request, reply) => {
    await discard(request.raw);
    return refuse(reply, badRequest(error));
  });
  return server;
}

/** Reads, admits and launches. The body's bytes go back to the budget however it ends. */
async function serve(
  deps: LaunchServerDeps,
  pool: PoolConfig,
  body: IncomingMessage,
  asyncQuery: string | undefined,
  arrival: Arrival,
): Promise<WorkerAnswer> {
  const { form, release } = await readForm(body, body.headers["content-type"], deps.budget);
  try {
    const launch = admit(pool, form, asyncQuery);
    note(arrival.trace, launch);
    return await deps.launch(pool, launch, arrival);
  } finally {
    release();
  }
}

function note(trace: LaunchTrace, launch: LaunchRequest): void {
  trace.room = launch.roomName;
  const preset = presetOf(launch);
  if (preset !== undefined) trace.preset = preset;
}

/** Aborts when the connection closes before the answer was sent. */
function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

function refuse(reply: FastifyReply, refusal: LaunchError): FastifyReply {
  const { status, code, message, field, retryAfterMs } = refusal;
  if (retryAfterMs !== undefined) reply.header("retry-after", String(Math.ceil(retryAfterMs / 1_000)));
  if (status === 405) reply.header("allow", "POST");
  return reply.code(status).send({ error: { code, message, ...(field === undefined ? {} : { field }) } });
}

function poolNotFound(namespace: string, name: string): LaunchError {
  return new LaunchError(
    404,
    "pool_not_found",
    `there is no AvatarPool ${name} in namespace ${namespace}: check the URL, or kubectl get avatarpools -A`,
  );
}

function nothingThere(method: string, url: string): LaunchError {
  return method !== "POST" && /^\/[^/?]+\/[^/?]+\/launch(\?|$)/.test(url)
    ? new LaunchError(405, "method_not_allowed", `${method} is not for launches: use POST`)
    : new LaunchError(404, "not_found", "there is nothing here: launches go to POST /{namespace}/{pool}/launch");
}

function badRequest(error: unknown): LaunchError {
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message?: string };
  if (statusCode === undefined || statusCode >= 500) return internal(error);
  return new LaunchError(statusCode, "bad_request", message ?? "the request cannot be read");
}

function internal(error: unknown): LaunchError {
  return new LaunchError(500, "internal", "the gateway failed: its log says why", { cause: error });
}

function firstOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value[0];
}
