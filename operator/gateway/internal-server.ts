import fastify, { type FastifyInstance } from "fastify";
import type { Registry } from "prom-client";
import { LOAD_PATH } from "../api/load-report.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Access } from "./load-auth.ts";
import { type LoadSource, streamLoad } from "./load-stream.ts";

/** Load streams at once: two operator replicas, each perhaps with one that it has not yet given up. */
const MAX_READERS = 8;

export interface InternalServerDeps {
  /** Identity of this process in load reports. */
  readonly gateway: string;
  readonly clock: Clock;
  readonly source: LoadSource;
  readonly registry: Registry;
  /** Brings gauges up to date before a scrape. */
  readonly beforeScrape: () => void;
  readonly access: (authorization: string | undefined) => Promise<Access>;
  /** Why launches must not be sent here now; undefined when they may. */
  readonly notReady: () => string | undefined;
}

/** The server for the cluster: probes, metrics, and the load stream. */
export function internalServer(deps: InternalServerDeps): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  let readers = 0;

  server.get("/healthz", async () => "ok\n");

  server.get("/readyz", async (_request, reply) => {
    const reason = deps.notReady();
    return reply.code(reason === undefined ? 200 : 503).send(`${reason ?? "ok"}\n`);
  });

  server.get("/metrics", async (_request, reply) => {
    deps.beforeScrape();
    return reply.type(deps.registry.contentType).send(await deps.registry.metrics());
  });

  server.get(LOAD_PATH, async (request, reply) => {
    const access = await deps.access(request.headers.authorization);
    if (access === "denied") return reply.code(401).send({ error: { code: "denied", message: "only the operator may read this" } });
    if (access === "unknown" || readers >= MAX_READERS) {
      const message = access === "unknown" ? "the token cannot be checked now" : `${MAX_READERS} streams are open already`;
      return reply
        .code(503)
        .header("retry-after", "1")
        .send({ error: { code: "unavailable", message } });
    }
    readers += 1;
    const { gateway, clock, source } = deps;
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    reply.raw.socket?.setNoDelay(true);
    streamLoad({ gateway, clock, source, onEnd: () => (readers -= 1) }, reply.raw);
    return reply;
  });
  return server;
}
