import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { consoleRoutes, type GatewayLaunch, type GatewayLaunched, gatewayLaunchSchema } from "../../api/console-gateway.ts";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { sleep } from "../../runtime/sleep.ts";
import { whenGone } from "../../runtime/when-gone.ts";
import type { DenialLog } from "../../telemetry/denial-log.ts";
import { admit } from "../admission/admit.ts";
import { newTrace } from "../launch/launch-trace.ts";
import { presetOf } from "../launch/preset-of.ts";
import { stageTimes } from "../launch/stage-times.ts";
import { isLive, type Session } from "../sessions/session-book.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { refusalOf, refuse } from "./answer.ts";
import { type EndSessionsDeps, endSessions } from "./end-sessions.ts";
import { type FindPoolDeps, type PoolPath, requirePool } from "./find-pool.ts";
import { badRequest, type CheckAccess, ConcurrencyLimit, isAuthorized, unavailable } from "./internal-access.ts";
import { type RecordDeps, record } from "./launch-record.ts";
import type { ServeLaunchDeps } from "./serve-launch.ts";
import { sessionsBody } from "./session-schemas.ts";

export interface ConsoleRoutesDeps extends FindPoolDeps, RecordDeps, EndSessionsDeps {
  /** Whether the bearer is the operator. */
  readonly access: CheckAccess;
  readonly denials: Pick<DenialLog, "note">;
  readonly sessions: Pick<Sessions, "inPool" | "end" | "liveIn">;
  readonly launch: ServeLaunchDeps["launch"];
  /** Position of the next launch among all launches of this gateway. */
  readonly nextOrder: () => number;
}

/** Client of a launch or of a request to end a session, in the log. */
const CLIENT = "console";
/** Requests of the console in progress. */
const MAX_REQUESTS = 64;
/** How long a launch waits until its session runs, to measure the last stage. */
const RUNS_LIMIT_MS = 60_000;
const LOOK_MS = 250;

type RoomPath = { readonly Params: PoolPath["Params"] & { readonly room: string } };

/** What the operator requests for its console. The operator has checked what its viewer may do. */
export function serveConsole(server: FastifyInstance, deps: ConsoleRoutesDeps): void {
  const limit = new ConcurrencyLimit(MAX_REQUESTS);
  const answering = (request: FastifyRequest<PoolPath>, reply: FastifyReply, answer: (pool: PoolConfig) => Promise<unknown>) =>
    limit.with(
      async () => {
        if (!(await isAuthorized(deps, deps.access, request, reply, "only the operator may use the console's paths"))) return reply;
        try {
          const { namespace, pool } = request.params;
          return await answer(requirePool(deps, `${namespace}/${pool}`));
        } catch (error) {
          return refuse(reply, refusalOf(error));
        }
      },
      () => unavailable(reply, `too many concurrent requests of consoles (limit ${MAX_REQUESTS})`),
    );

  server.get<PoolPath>(consoleRoutes.sessions, (request, reply) =>
    answering(request, reply, async (pool) => sessionsBody(await deps.sessions.inPool(pool))),
  );

  server.delete<RoomPath>(consoleRoutes.room, (request, reply) =>
    answering(request, reply, async (pool) => {
      const { sessions } = await endSessions(deps, pool, request.params.room, CLIENT);
      return { ended: sessions.length };
    }),
  );

  server.post<PoolPath>(consoleRoutes.launch, (request, reply) =>
    answering(request, reply, async (pool) => {
      const form = gatewayLaunchSchema.safeParse(request.body);
      return form.success ? launched(deps, pool, form.data, whenGone(reply.raw)) : badRequest(reply, form.error);
    }),
  );
}

/** Serves a launch as for any client. The console's users have no token of the pool, so the pool's launch tokens do not apply. */
async function launched(
  deps: ConsoleRoutesDeps,
  pool: PoolConfig,
  form: GatewayLaunch,
  signal: AbortSignal,
): Promise<GatewayLaunched> {
  const { clock } = deps;
  const trace = { ...newTrace(clock.now()), client: CLIENT, room: form.room_name };
  const { arrivedMs } = trace;
  try {
    const request = admit(pool, { fields: new Map(Object.entries(form)), file: undefined }, undefined);
    const preset = presetOf(request);
    if (preset !== undefined) Object.assign(trace, { preset });
    const arrival = { order: deps.nextOrder(), arrivedMs, client: CLIENT, traceContext: {}, signal, trace };
    const { status } = await deps.launch(pool, request, arrival);
    record(deps, pool, trace, "served");
    const before = stageTimes(trace, clock.now());
    const session = deps.sessions.liveIn(poolKey(pool), form.room_name).find((each) => each.launched?.arrivedMs === arrivedMs);
    const path = trace.path === undefined ? {} : { path: trace.path };
    return { status, ...path, stages: session === undefined ? [...before] : await untilItRuns(clock, session, signal) };
  } catch (error) {
    const refusal = refusalOf(error);
    record(deps, pool, trace, refusal);
    return { status: refusal.status, stages: [...stageTimes(trace, clock.now())], message: refusal.message };
  }
}

/** The stages of a new session: with the last one, unless the session ends before or is not measured in time. */
async function untilItRuns(clock: Clock, session: Session, signal: AbortSignal): Promise<GatewayLaunched["stages"]> {
  const limitMs = clock.now() + RUNS_LIMIT_MS;
  const stages = session.launched?.stages ?? [];
  const runs = () => stages.some(({ name }) => name === "worker");
  while (!runs() && isLive(session) && clock.now() < limitMs && !signal.aborted) await sleep(clock, LOOK_MS, signal);
  return [...stages];
}
