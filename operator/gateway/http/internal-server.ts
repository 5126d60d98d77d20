import fastify, { type FastifyInstance } from "fastify";
import type { z } from "zod";
import { LOAD_PATH } from "../../api/load-report.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import { KeyCounter } from "../../runtime/key-counter.ts";
import type { DenialLog } from "../../telemetry/denial-log.ts";
import { exposition, type MetricsRegistry } from "../../telemetry/metrics.ts";
import type { ClaimSource } from "../claims/claims.ts";
import {
  ANSWER_WAIT_MS,
  CLAIM_ANSWERS_PATH,
  CLAIMS_PATH,
  claimSchema,
  MAX_HELD_OF_PEER,
  questionSchema,
  SUPERSEDED_PATH,
  SUPERSEDED_WAIT_MS,
  supersededSchema,
} from "../claims/peer-protocol.ts";
import { type LoadSource, streamLoad } from "../load/load-stream.ts";
import { type NotReady, serveHealth } from "./health-routes.ts";
import { badRequest, type CheckAccess, ConcurrencyLimit, isAuthorized, unavailable } from "./internal-access.ts";

/** Limit on concurrent load streams: two operator replicas, each with an old stream that it has not closed yet. */
const MAX_READERS = 8;

/** Limit on concurrent long polls of all peers. Further ones are answered "pending" at once. */
const MAX_HELD = 1_000;
/** Limit on concurrent claims and messages of peers. They wait only for token checks. Further ones get a 503. */
export const MAX_CLAIMS = 500;

export interface InternalServerDeps {
  /** Identity of this process in load reports. */
  readonly gateway: string;
  readonly clock: Clock;
  readonly source: LoadSource;
  readonly registry: MetricsRegistry;
  /** Updates the gauges before a scrape. */
  readonly beforeScrape: () => void;
  /** Whether the bearer is the operator. */
  readonly access: CheckAccess;
  readonly claims: ClaimSource;
  /** Whether the bearer is a gateway. */
  readonly peerAccess: CheckAccess;
  readonly denials: Pick<DenialLog, "note">;
  readonly notReady: NotReady;
}

/** The server for the cluster: probes, metrics, the load stream, and the claims of other gateways. */
export function internalServer(deps: InternalServerDeps): FastifyInstance {
  const server = fastify({ forceCloseConnections: true });
  let readers = 0;

  serveHealth(server, deps.notReady);

  server.get("/metrics", async (request, reply) => {
    deps.beforeScrape();
    const { contentType, text } = await exposition(deps.registry, request.headers.accept);
    return reply.type(contentType).send(text);
  });

  server.get(LOAD_PATH, async (request, reply) => {
    if (!(await isAuthorized(deps, deps.access, request, reply, "only the operator may read this"))) return reply;
    if (readers >= MAX_READERS) return unavailable(reply, `${MAX_READERS} load streams are open: close one`);
    readers += 1;
    const { gateway, clock, source } = deps;
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
    reply.raw.socket?.setNoDelay(true);
    streamLoad({ gateway, clock, source, onEnd: () => (readers -= 1) }, reply.raw);
    return reply;
  });
  serveClaims(server, deps);
  return server;
}

function serveClaims(server: FastifyInstance, deps: InternalServerDeps): void {
  const { claims, clock } = deps;
  const claiming = new ConcurrencyLimit(MAX_CLAIMS);
  const held = new ConcurrencyLimit(MAX_HELD);
  const heldOf = new KeyCounter();

  // A greeting: from now on, the gateway accepts the peer's token without a review.
  server.get(CLAIMS_PATH, async (request, reply) => {
    if (!(await isAuthorized(deps, deps.peerAccess, request, reply, "only gateways may use this path"))) return reply;
    return reply.code(204).send();
  });

  const post = <T>(path: string, schema: z.ZodType<T>, denial: string, answer: (message: T) => unknown) =>
    server.post(path, (request, reply) =>
      claiming.with(
        async () => {
          if (!(await isAuthorized(deps, deps.peerAccess, request, reply, denial))) return reply;
          const message = schema.safeParse(request.body);
          return message.success ? answer(message.data) : badRequest(reply, message.error);
        },
        () => unavailable(reply, `too many concurrent claims (limit ${MAX_CLAIMS})`),
      ),
    );
  post(CLAIMS_PATH, claimSchema, "only gateways may use this path", (claim) => claims.claim(claim));
  post(SUPERSEDED_PATH, supersededSchema, "only gateways may end sessions", async (message) => {
    const ended = withDeadline(clock, SUPERSEDED_WAIT_MS, () => claims.supersede(message)).catch(() => []);
    return { ended: await ended };
  });

  server.post(CLAIM_ANSWERS_PATH, async (request, reply) => {
    if (!(await isAuthorized(deps, deps.peerAccess, request, reply, "only gateways may request launches"))) return reply;
    const question = questionSchema.safeParse(request.body);
    if (!question.success) return badRequest(reply, question.error);
    const { gateway, launch } = question.data;
    if (heldOf.of(gateway) >= MAX_HELD_OF_PEER) return { kind: "pending" };
    heldOf.add(gateway, 1);
    try {
      return await held.with(
        () => withDeadline(clock, ANSWER_WAIT_MS, () => claims.peerAnswer(launch)).catch(() => ({ kind: "pending" })),
        () => ({ kind: "pending" }),
      );
    } finally {
      heldOf.add(gateway, -1);
    }
  });
}
