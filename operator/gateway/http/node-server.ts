import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { LaunchError } from "../errors.ts";
import { errorBody } from "./answer.ts";
import type { TlsPair } from "./tls-files.ts";

/** Headers of a launch are a few hundred bytes, and a bearer token. */
const MAX_HEADER_BYTES = 16 * 1024;
const HEADERS_TIMEOUT_MS = 20_000;
/**
 * Longer than clients and load balancers keep idle connections, so that none sends on a connection that the gateway closes. The
 * longest known time is that of Google's load balancers: 600 s, which is fixed.
 */
const KEEP_ALIVE_MS = 620_000;
/** Limit on connections. An idle one takes 20 kB. */
const MAX_CONNECTIONS = 10_000;
/** The handler limits the time of a body and answers. Connections whose body is still incomplete this much later are closed. */
const BACKSTOP_MS = 30_000;

export interface NodeServerOptions {
  readonly tls?: TlsPair | undefined;
  readonly bodyTimeoutMs: number;
}

/** Node's HTTP server with a limit on everything that a client controls, and with our error bodies. */
export function nodeServer(handler: RequestListener, { tls, bodyTimeoutMs }: NodeServerOptions): Server {
  const options = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: bodyTimeoutMs + BACKSTOP_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 5_000,
  };
  const server = tls === undefined ? createServer(options, handler) : createTlsServer({ ...options, ...tls }, handler);
  server.maxConnections = MAX_CONNECTIONS;
  /** Number of unanswered requests by connection. */
  const unanswered = new WeakMap<Duplex, Set<IncomingMessage>>();
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const requests = unanswered.get(request.socket) ?? new Set();
    unanswered.set(request.socket, requests.add(request));
    response.once("close", () => requests.delete(request));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // An error after a complete request must not be answered first: the client would match it to that request.
    const [first, ...more] = unanswered.get(socket) ?? [];
    const mistakable = first !== undefined && (first.complete || more.length > 0);
    if (error.code === "ECONNRESET" || !socket.writable || mistakable) socket.destroy();
    else socket.end(rawAnswer(parserError(error.code)), () => socket.destroy());
  });
  return server;
}

function parserError(code: string | undefined): LaunchError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new LaunchError(431, "headers_too_large", `the headers are larger than ${MAX_HEADER_BYTES / 1024} kB`);
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new LaunchError(408, "slow_request", "the request arrived too slowly");
    default:
      return new LaunchError(400, "bad_request", "the request is not valid HTTP/1.1");
  }
}

function rawAnswer(error: LaunchError): string {
  const body = JSON.stringify(errorBody(error));
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}`,
    "connection: close",
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
