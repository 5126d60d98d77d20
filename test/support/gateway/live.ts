import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type PoolConfig, poolKey } from "../../../operator/api/pool-config.ts";
import { engines } from "../../../operator/engines/index.ts";
import { ClientLimits } from "../../../operator/gateway/admission/client-limits.ts";
import { ClientTokens } from "../../../operator/gateway/admission/client-tokens.ts";
import { Gate } from "../../../operator/gateway/admission/gate.ts";
import { GatewayCore } from "../../../operator/gateway/core.ts";
import { BodyRooms } from "../../../operator/gateway/form/body-rooms.ts";
import { type LaunchServerDeps, launchServer } from "../../../operator/gateway/http/launch-server.ts";
import { serveSessions } from "../../../operator/gateway/http/session-routes.ts";
import type { TlsPair } from "../../../operator/gateway/http/tls-files.ts";
import { HttpCloud } from "../../../operator/gateway/overflow/cloud.ts";
import { overflowLog } from "../../../operator/gateway/overflow/overflow-log.ts";
import { Livekit } from "../../../operator/gateway/sessions/livekit.ts";
import type { ReadSecret } from "../../../operator/kube/secret-cache.ts";
import { SecretLookup } from "../../../operator/kube/secret-lookup.ts";
import { systemClock } from "../../../operator/runtime/clock.ts";
import { DenialLog } from "../../../operator/telemetry/denial-log.ts";
import { gatewayMetrics } from "../../../operator/telemetry/gateway-metrics.ts";
import { createLogger } from "../../../operator/telemetry/logger.ts";
import { createRegistry } from "../../../operator/telemetry/metrics.ts";
import { HttpWorkerClient } from "../../../operator/workers/client.ts";
import { testRecord } from "./pool.ts";

/** A worker's handler for a launch with its full body. */
export type Take = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

export interface LiveGatewayOptions {
  readonly readSecret?: ReadSecret;
  readonly defaultPool?: string;
  readonly bodyTimeoutMs?: number;
  readonly tls?: TlsPair;
  readonly trustedProxies?: readonly string[];
  readonly tracer?: LaunchServerDeps["tracer"];
  /** Loopback address of the gateway and its workers. Default: 127.0.0.1. */
  readonly host?: string;
  /** Handles requests to workers that are neither a probe nor a launch. */
  readonly tasks?: Take;
}

const running: Take = (_request, response) => json(response, 200, { state: "running" });

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Real workers on loopback, and a gateway before them, without Kubernetes. Resolves when every worker is ready. */
export async function liveGateway(takes: readonly Take[], pool: PoolConfig, options: LiveGatewayOptions = {}) {
  const { host = "127.0.0.1" } = options;
  const received: { readonly headers: IncomingMessage["headers"]; readonly body: Buffer }[] = [];
  const lines: Record<string, unknown>[] = [];
  const closes: (() => unknown)[] = [];
  const client = new HttpWorkerClient();
  const metrics = gatewayMetrics(createRegistry({ process: false }));
  const findPool = (key: string) => (key === poolKey(pool) ? pool : undefined);
  const directory = { pool: findPool, pools: () => [pool], synced: true };
  const secrets = new SecretLookup({ read: options.readSecret ?? (async () => undefined), clock: systemClock });
  const livekit = new Livekit(secrets);
  const viewRoom = (...args: Parameters<Livekit["viewRoom"]>) => livekit.viewRoom(...args);
  const logger = createLogger("test", "info", { write: (line) => lines.push(JSON.parse(line)) });
  const overflow = { cloud: new HttpCloud(), secrets, onEvent: overflowLog(logger) };
  const core = new GatewayCore({ clock: systemClock, random: Math.random, client, directory, metrics, overflow, viewRoom });
  for (const [at, take] of takes.entries()) {
    const worker = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (request.url === "/ready") return json(response, 200, { active_sessions: takes.length - at, max_sessions: 50 });
      if (request.url !== "/launch") return (options.tasks ?? running)(request, response, Buffer.concat(chunks));
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      return take(request, response, Buffer.concat(chunks));
    });
    worker.listen(0, host);
    await once(worker, "listening");
    closes.push(
      () => worker.close(),
      () => worker.closeAllConnections(),
    );
    const { port } = worker.address() as AddressInfo;
    core.workerChanged(testRecord(`w${at}`, { ip: host, engine: { ...engines.expression, port } }), undefined);
  }
  const view = { old: false, stopping: false };
  const rooms = new BodyRooms(16 * 1024 * 1024);
  const read = { clock: systemClock, timeoutMs: options.bodyTimeoutMs ?? 60_000 };
  const tokens = new ClientTokens({ read: options.readSecret ?? (async () => undefined), clock: systemClock });
  const gate = new Gate(tokens, new ClientLimits(systemClock));
  const denials = new DenialLog({ clock: systemClock, logger });
  let launched = 0;
  const server = launchServer({
    nextOrder: () => ++launched,
    clock: systemClock,
    logger,
    metrics,
    findPool,
    defaultPool: options.defaultPool,
    tls: options.tls,
    viewIsOld: () => view.old,
    stopping: () => view.stopping,
    notReady: () => (view.stopping ? "stopping" : undefined),
    launch: (...args) => core.launch(...args),
    gate,
    denials,
    trustedProxies: options.trustedProxies,
    tracer: options.tracer,
    read,
    rooms,
  });
  serveSessions(server, { logger, findPool, gate, sessions: core.sessions, livekit, denials, read, rooms });
  const origin = await server.listen({ host, port: 0 });
  const ready = () => core.state(poolKey(pool))?.workers.filter((worker) => worker.ready).length === takes.length;
  await new Promise<void>((resolve) => {
    const check = () => ready() && resolve();
    core.subscribe(check);
    check();
  });

  const path = `/${poolKey(pool)}/launch`;
  const post = (body: NonNullable<RequestInit["body"]>, init: RequestInit = {}) =>
    fetch(`${origin}${path}`, { method: "POST", body, ...init });
  /** Writes raw bytes, and reads the response until the gateway closes the connection. */
  const raw = async (bytes: string | Buffer) => {
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    const answer: Buffer[] = [];
    socket.on("data", (chunk) => answer.push(chunk));
    socket.on("error", () => {});
    socket.write(bytes);
    await new Promise((resolve) => socket.once("close", resolve));
    return Buffer.concat(answer).toString("latin1");
  };
  const stop = () => server.close();
  const close = async () => {
    await stop();
    core.stop();
    await client.close();
    for (const end of closes) end();
  };
  return { origin, path, post, raw, received, lines, rooms, core, view, server, metrics, stop, close };
}
