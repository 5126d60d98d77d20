import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { DRAIN_TOKEN_HEADER } from "../api/names.ts";
import type { SharedDrain } from "./shared-drain.ts";

/** Of those without the token. Beyond it the oldest is closed: a new one may be the kubelet's. */
const MOST_STRANGERS = 256;
/** Of hooks that wait. A worker has one. */
const MOST_HOOKS = 16;
/** For a whole request. Those of the kubelet come in one packet. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * The sidecar's server, for the kubelet: `GET /drain` with the token is answered when the worker has drained, `GET /healthz` at
 * once. Whoever has no token makes no look at the worker and holds a connection for seconds only. The caller lets it listen and
 * closes it.
 */
export function drainServer(drain: Pick<SharedDrain, "wait">, token: string): Server {
  const strangers = new Set<Socket>();
  const hooks = new Set<ServerResponse>();
  const limits = { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 4_096 };
  const server = createServer({ ...limits, connectionsCheckingInterval: 1_000 }, (request, response) => {
    // A connection that is kept would only delay the end.
    response.shouldKeepAlive = false;
    const path = request.url?.split("?", 1)[0];
    if (request.method !== "GET" || (path !== "/drain" && path !== "/healthz")) return answer(response, 404, "not found");
    if (path === "/healthz") return answer(response, 200, "ok");
    if (!hasToken(request, token)) return answer(response, 403, "only the kubelet drains this worker, by its preStop hook");
    if (hooks.size >= MOST_HOOKS) return answer(response, 503, "too many hooks wait already");
    strangers.delete(request.socket);
    hooks.add(response);
    const gone = new AbortController();
    response.once("close", () => {
      hooks.delete(response);
      gone.abort();
    });
    void drain.wait(gone.signal).then((outcome) => {
      if (outcome !== "aborted") answer(response, 200, outcome);
    });
  });
  server.on("connection", (socket: Socket) => {
    const [oldest] = strangers;
    if (strangers.size >= MOST_STRANGERS) oldest?.destroy();
    strangers.add(socket);
    socket.once("close", () => strangers.delete(socket));
  });
  return server;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status).end(`${text}\n`);
}

function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(String(headers[DRAIN_TOKEN_HEADER] ?? ""));
  const wanted = Buffer.from(token);
  return token !== "" && given.length === wanted.length && timingSafeEqual(given, wanted);
}
