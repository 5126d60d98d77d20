import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import type { ConsoleError } from "../../api/console.ts";
import { DenialLog } from "../../telemetry/denial-log.ts";
import { ConsoleFailure } from "../failure.ts";
import { type ConsoleServerDeps, isApi } from "./deps.ts";
import { Forwarder } from "./forward.ts";
import { forwardToLeader } from "./forward-to-leader.ts";
import { securityHeaders } from "./headers.ts";
import { servePools } from "./pool-routes.ts";
import { serveAssets } from "./serve-assets.ts";
import { serveStream } from "./stream-route.ts";
import { serveViewer } from "./viewer-route.ts";

/** A test launch has a token of LiveKit; every other request has no body. */
const MAX_BODY_BYTES = 64 * 1024;
/** Room for a large token of an identity provider. */
const MAX_HEADER_BYTES = 32 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_CONNECTIONS = 1_000;
/** Names of rooms; an encoded character takes three. */
const MAX_PARAMETER_LENGTH = 3 * 1_024;

/** The console's HTTP server: its pages, and the API of `operator/api/console.ts`. A standby forwards requests to the leader. */
export function consoleServer(deps: ConsoleServerDeps): FastifyInstance {
  const server = fastify({
    forceCloseConnections: true,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: (error, _request, reply) => void fail(reply, error),
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  const denials = new DenialLog(deps);
  const forwarder = new Forwarder();
  server.addHook("onClose", async () => forwarder.close());
  server.addHook("onRequest", async (request, reply) => {
    reply.headers({ ...securityHeaders, ...(isApi(request) && { "cache-control": "no-store" }) });
    await forwardToLeader(deps, forwarder, request, reply);
  });
  serveViewer(server, deps);
  serveStream(server, deps);
  servePools(server, deps);
  serveAssets(server, deps.assets);
  server.setNotFoundHandler((request, reply) =>
    fail(reply, new ConsoleFailure(404, `the console does not serve ${request.method} on this path: reload the page`)),
  );
  server.setErrorHandler<Error>((error, request, reply) => {
    // The page's first request has no token.
    if (statusOf(error) === 401 && request.headers.authorization !== undefined)
      denials.note(request, "the token is invalid or expired");
    if (!(error instanceof ConsoleFailure) && statusOf(error) >= 500)
      deps.logger.error({ err: error }, "request of the console failed");
    return fail(reply, error);
  });
  return server;
}

function statusOf(error: Error): number {
  if (error instanceof ConsoleFailure) return error.status;
  return "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 500;
}

function fail(reply: FastifyReply, error: Error): FastifyReply {
  const status = statusOf(error);
  if (status === 401) reply.header("www-authenticate", 'Bearer realm="Kubernetes"');
  if (error instanceof ConsoleFailure && error.passing) reply.header("retry-after", "2");
  const body: ConsoleError = { message: status === 500 ? "the operator failed to respond: its log has the reason" : error.message };
  return reply.code(status).send(body);
}
