import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { consolePaths } from "../../api/console.ts";
import type { KubeUser } from "../../kube/token-review.ts";
import type { ObjectKey } from "../../kube/types.ts";
import { RateLimit } from "../../runtime/rate-limit.ts";
import { whenGone } from "../../runtime/when-gone.ts";
import type { Action } from "../access/permissions.ts";
import { ConsoleFailure } from "../failure.ts";
import type { ConsoleSource } from "../source.ts";
import { type ConsoleServerDeps, callerOf, leadership } from "./deps.ts";

/** Requests of one user. Each may cause requests to all gateways, or to Prometheus. */
const REQUESTS_PER_WINDOW = 100;
const WINDOW_MS = 10_000;
const MAX_USERS = 1_000;
const MAX_LAUNCHES = 4;

type Params = { readonly namespace: string; readonly name: string; readonly id: string; readonly room: string };

interface Permitted {
  readonly pool: ObjectKey;
  readonly user: KubeUser;
  readonly source: ConsoleSource;
  readonly params: Params;
}

const testLaunch = z.object({
  preset: z.string().max(1_000).exactOptional(),
  livekitUrl: z.string().min(1).max(2_000),
  livekitToken: z.string().min(1).max(16_000),
  room: z.string().min(1).max(1_000),
});

const range = z.object({ from: z.coerce.number().default(0), to: z.coerce.number().exactOptional() });

/** The requests about one pool. Each requires the permission to get the pool; two require another one. */
export function servePools(server: FastifyInstance, deps: ConsoleServerDeps): void {
  const { viewers, clock, logger } = deps;
  const rate = new RateLimit({ clock, windowMs: WINDOW_MS, maxKeys: MAX_USERS });
  let launches = 0;

  async function permit(request: FastifyRequest, action: Exclude<Action, "view"> | undefined): Promise<Permitted> {
    const { source } = leadership(deps);
    const user = await viewers.authenticate(callerOf(request));
    if (rate.take(user.username, REQUESTS_PER_WINDOW) > 0)
      throw new ConsoleFailure(429, `${user.username} has sent more than ${REQUESTS_PER_WINDOW} requests in 10 s: retry later`);
    const params = request.params as Params;
    const pool = `${params.namespace}/${params.name}`;
    await viewers.authorize(user, "view", pool);
    if (action !== undefined) await viewers.authorize(user, action, pool);
    return { pool, user, source, params };
  }

  const get = (path: string, answer: (permitted: Permitted, query: unknown) => unknown) =>
    server.get(routeOf(path), async (request) => {
      const permitted = await permit(request, undefined);
      return (await answer(permitted, request.query)) ?? notFound(permitted);
    });
  get(consolePaths.sessions, ({ source, pool }) => found(source, pool) && fromGateways(source.sessions(pool)));
  get(consolePaths.history, ({ source, pool }, query) => {
    const { from, to } = parsed(range, query);
    return source.historyOf(pool, from, to ?? clock.now());
  });
  get(consolePaths.decision, ({ source, pool, params }) => source.decision(pool, params.id));
  get(consolePaths.replay, ({ source, pool }) => source.replay(pool));

  server.delete(`${routeOf(consolePaths.sessions)}/:room`, async (request) => {
    const permitted = await permit(request, "stopSessions");
    const { pool, source, user, params } = permitted;
    if (!found(source, pool)) return notFound(permitted);
    const stopped = await fromGateways(source.stopSessions(pool, params.room));
    logger.info({ user: user.username, pool, room: params.room, stopped }, "viewer stopped sessions");
    if (stopped === 0) throw new ConsoleFailure(404, `room "${params.room}" has no session in pool ${pool}: it may have ended`);
    return { stopped };
  });

  server.post(routeOf(consolePaths.launch), async (request, reply) => {
    const permitted = await permit(request, "launch");
    const { pool, source, user } = permitted;
    const launch = parsed(testLaunch, request.body);
    if (!found(source, pool)) return notFound(permitted);
    if (launches >= MAX_LAUNCHES) throw new ConsoleFailure(429, `${MAX_LAUNCHES} test launches are in progress: retry later`);
    launches += 1;
    try {
      logger.info({ user: user.username, pool, room: launch.room }, "viewer launches a test session");
      return await fromGateways(source.launch(pool, launch, whenGone(reply.raw)));
    } finally {
      launches -= 1;
    }
  });
}

/** The route of a path of the API. */
function routeOf(path: string): string {
  return `/${path.replace("{pool}", ":namespace/:name").replace("{id}", ":id")}`;
}

function found(source: ConsoleSource, pool: ObjectKey): true | undefined {
  return source.fleet().has(pool) || undefined;
}

function notFound({ pool, params }: Permitted): never {
  const what = params.id === undefined ? `pool ${pool} does not exist` : `pool ${pool} has no decision ${params.id} in memory`;
  throw new ConsoleFailure(404, `${what}: select another one`);
}

/** The errors of the source name a remedy. */
function fromGateways<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw error instanceof ConsoleFailure ? error : new ConsoleFailure(503, error instanceof Error ? error.message : String(error));
  });
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const wrong = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new ConsoleFailure(400, `the request is invalid: ${wrong.join("; ")}`);
}
