import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { DRAIN_TOKEN_HEADER } from "../api/names.ts";
import type { SharedDrain } from "./shared-drain.ts";

/** Maximum number of connections without the token. The server then closes the oldest: a new one may be the kubelet's. */
const MOST_STRANGERS = 256;
/** Maximum number of waiting hooks. A worker has one. */
const MOST_HOOKS = 16;
/** Time limit of a whole request. The kubelet sends its requests in one packet. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * The server of the sidecar, for the kubelet. It answers `GET /drain` with the token when the worker has drained, and
 * `GET /healthz` at once. A client without the token triggers no check of the worker and keeps a connection for seconds only. The
 * caller starts and closes the server.
 */
export function drainServer(drain: Pick<SharedDrain, "wait">, token: string): Server {
  const strangers = new Set<Socket>();
  const hooks = new Set<ServerResponse>();
  const limits = { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 4_096 };
  const server = createServer({ ...limits, connectionsCheckingInterval: 1_000 }, (request, response) => {
    // A kept connection would only delay the end.
    response.shouldKeepAlive = false;
    const path = request.url?.split("?", 1)[0];
    if (request.method !== "GET" || (path !== "/drain" && path !== "/healthz")) return answer(response, 404, "not found");
    if (path === "/healthz") return answer(response, 200, "ok");
    if (!hasToken(request, token))
      return answer(response, 403, "the token is missing or wrong: only the preStop hook may drain this worker");
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
