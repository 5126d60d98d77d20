import type { FastifyInstance, FastifyRequest } from "fastify";
import { consolePaths } from "../../api/console.ts";
import type { ObjectKey } from "../../kube/types.ts";
import { ConsoleFailure } from "../failure.ts";
import { EventSink } from "../stream/event-sink.ts";
import { rightsOf } from "../stream/rights.ts";
import { StreamLimit } from "../stream/stream-limit.ts";
import { ViewerStream } from "../stream/viewer-stream.ts";
import { type ConsoleServerDeps, callerOf, leadership } from "./deps.ts";
import { securityHeaders } from "./headers.ts";

const MAX_POOLS = 16;

type Query = { readonly Querystring: { readonly pool?: string | readonly string[] } };

/** The server-sent events of one viewer. A browser opens one stream for all of its tabs. */
export function serveStream(server: FastifyInstance, deps: ConsoleServerDeps): void {
  const { viewers, clock } = deps;
  const limit = new StreamLimit();

  server.get<Query>(`/${consolePaths.stream}`, { exposeHeadRoute: false }, async (request, reply) => {
    const { fanOut, leading } = leadership(deps);
    const pools = poolsOf(request);
    const caller = callerOf(request);
    const evaluate = async (fleet: Iterable<ObjectKey>) => rightsOf(viewers, await viewers.authenticate(caller), fleet, pools);
    const rights = await evaluate(fanOut.fleet.keys());
    const out = reply.raw;
    if (out.destroyed) return reply.hijack();
    const release = limit.take(rights.user.username);
    reply.hijack();
    out.writeHead(200, {
      ...securityHeaders,
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      // Without it, nginx buffers the events.
      "x-accel-buffering": "no",
    });
    out.socket?.setNoDelay(true);
    const sink = new EventSink({ out, clock });
    const stream = new ViewerStream({ pools, rights, evaluate, fanOut, sink, clock });
    const end = () => sink.end();
    out.once("close", () => {
      stream.stop();
      leading.removeEventListener("abort", end);
      release();
    });
    leading.addEventListener("abort", end, { once: true });
    if (leading.aborted) end();
    return reply;
  });
}

function poolsOf({ query }: FastifyRequest<Query>): readonly ObjectKey[] {
  const pools = [...new Set([query.pool ?? []].flat())];
  const wrong = pools.find((pool) => !/^[^/]+\/[^/]+$/.test(pool));
  if (wrong !== undefined) throw new ConsoleFailure(400, `pool "${wrong.slice(0, 100)}" is not NAMESPACE/NAME: correct the query`);
  if (pools.length > MAX_POOLS) throw new ConsoleFailure(400, `the query has ${pools.length} pools: name at most ${MAX_POOLS}`);
  return pools;
}
