import {
  createServer,
  type IncomingMessage,
  request as openHttp,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from "node:http";
import { request as openHttps } from "node:https";
import type { Duplex } from "node:stream";
import type { ConsoleError } from "../../api/console.ts";
import { endToEnd } from "../../runtime/end-to-end.ts";
import type { Guard } from "./guard.ts";

/** Where the console is: at a URL, or behind a connection to its pod. */
export type Upstream = { readonly url: URL } | { readonly connect: () => Promise<Duplex> };

export interface ProxyDeps {
  readonly upstream: Upstream;
  /** The viewer's token. @throws Error that says what to do. */
  readonly token: () => Promise<string>;
  /** Turns a failure to reach the console into a sentence. */
  readonly explain: (error: unknown) => string;
}

/** Tabs of one person. */
const MAX_CONNECTIONS = 64;
/** The guard's cookie, and what describes this hop. */
const REMOVED: ReadonlySet<string> = new Set([
  "cookie",
  "authorization",
  "host",
  "origin",
  "referer",
  "forwarded",
  "x-forwarded-for",
]);

export interface RunningProxy {
  readonly server: Server;
  readonly guard: Guard;
}

/** A proxy on 127.0.0.1 that adds the viewer's token, so that neither the browser nor a URL contains it. */
export function startProxy(port: number, deps: ProxyDeps, guardOf: (port: number) => Guard): Promise<RunningProxy> {
  const server = createServer();
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const guard = guardOf(typeof address === "object" && address !== null ? address.port : port);
      server.on("request", (request, response) => void serve(deps, guard, request, response));
      resolve({ server, guard });
    });
  });
}

async function serve(deps: ProxyDeps, guard: Guard, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const verdict = guard.verdict(request.method ?? "", request.url ?? "/", request.headers);
  switch (verdict.kind) {
    case "refuse":
      fail(response, verdict.status, verdict.message);
      break;
    case "welcome": {
      const headers = { location: verdict.location, "set-cookie": verdict.setCookie, "referrer-policy": "no-referrer" };
      response.writeHead(303, { ...headers, "cache-control": "no-store" }).end();
      break;
    }
    case "forward":
      await forward(deps, request, response).catch((error: unknown) => fail(response, 502, deps.explain(error)));
  }
}

async function forward({ upstream, token }: ProxyDeps, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = "/" } = request;
  const headers = Object.fromEntries(Object.entries(endToEnd(request.headers)).filter(([name]) => !REMOVED.has(name)));
  const options = { method, headers: { ...headers, authorization: `Bearer ${await token()}` } };
  const sent = "url" in upstream ? toUrl(upstream.url, url, options) : await toPod(upstream.connect, url, options);
  response.on("close", () => sent.destroy());
  const responded = new Promise<void>((resolve, reject) => {
    sent.on("error", (error) => {
      if (response.headersSent) response.destroy();
      reject(error);
    });
    sent.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      response.flushHeaders();
      answer.on("error", () => response.destroy());
      answer.pipe(response);
      resolve();
    });
  });
  request.pipe(sent);
  await responded;
}

function toUrl(base: URL, path: string, options: RequestOptions) {
  const target = new URL(base);
  // A console behind an Ingress may have a path.
  const [asked = "/", query] = path.split("?", 2);
  target.pathname = base.pathname.replace(/\/+$/, "") + asked;
  target.search = query ?? "";
  return (target.protocol === "https:" ? openHttps : openHttp)(target, { ...options, agent: false });
}

async function toPod(connect: () => Promise<Duplex>, path: string, options: RequestOptions) {
  const connection = await connect();
  // An agent, also agent: false, would open its own connection.
  return openHttp({ ...options, path, host: "localhost", createConnection: () => connection });
}

function fail(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) return void response.destroy();
  const body: ConsoleError = { message };
  const headers = { "content-type": "application/json", "x-content-type-options": "nosniff", "cache-control": "no-store" };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
