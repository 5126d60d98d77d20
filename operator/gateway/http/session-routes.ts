import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { PoolConfig } from "../../api/pool-config.ts";
import { networkOf } from "../../telemetry/caller.ts";
import type { DenialLog } from "../../telemetry/denial-log.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { headerToken } from "../admission/credential.ts";
import type { Gate } from "../admission/gate.ts";
import type { BodyRooms } from "../form/body-rooms.ts";
import { type BodyTime, readBody } from "../form/read-body.ts";
import { announcedLength } from "../form/read-form.ts";
import type { Livekit } from "../sessions/livekit.ts";
import { roomEvent } from "../sessions/room-event.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { refusalOf, refuse } from "./answer.ts";
import { discard } from "./discard.ts";
import { endSessions, noSession } from "./end-sessions.ts";
import { type FindPoolDeps, type PoolPath, requirePool } from "./find-pool.ts";
import { sessionsBody } from "./session-schemas.ts";

export interface SessionRoutesDeps extends FindPoolDeps {
  readonly logger: Logger;
  readonly gate: Pick<Gate, "identify">;
  readonly sessions: Pick<Sessions, "inPool" | "inRoom" | "end" | "onRoomEvent">;
  readonly livekit: Pick<Livekit, "webhook">;
  readonly denials: Pick<DenialLog, "note">;
  readonly read: BodyTime;
  readonly rooms: BodyRooms;
}

/** A webhook is one event: a few kilobytes, most of it metadata and attributes of a participant. */
const MAX_EVENT_BYTES = 256 * 1024;

/** The room is the rest of the path: a proxy in between, such as the API server, decodes a slash in its name. */
type RoomPath = { readonly Params: { readonly namespace: string; readonly pool: string; readonly "*": string } };

/** Sessions over HTTP, with the same authentication as launches, and the endpoint for LiveKit's webhooks. */
export function serveSessions(server: FastifyInstance, deps: SessionRoutesDeps): void {
  const { sessions } = deps;

  const enter = async ({ params, headers }: FastifyRequest<PoolPath>): Promise<{ pool: PoolConfig; client: string }> => {
    const pool = requirePool(deps, `${params.namespace}/${params.pool}`);
    return { pool, client: await deps.gate.identify(pool, headerToken(headers)) };
  };

  server.get<PoolPath>("/:namespace/:pool/sessions", (request, reply) =>
    answering(deps, request, reply, async () => {
      const { pool } = await enter(request);
      return sessionsBody(await sessions.inPool(pool));
    }),
  );

  server.get<RoomPath>("/:namespace/:pool/sessions/*", (request, reply) =>
    answering(deps, request, reply, async () => {
      const { pool } = await enter(request);
      const room = request.params["*"];
      const found = await sessions.inRoom(pool, room);
      if (found.sessions.length === 0) throw noSession(pool, room, found.complete);
      return sessionsBody(found);
    }),
  );

  server.delete<RoomPath>("/:namespace/:pool/sessions/*", (request, reply) =>
    answering(deps, request, reply, async () => {
      const { pool, client } = await enter(request);
      const room = request.params["*"];
      return sessionsBody(await endSessions(deps, pool, room, client));
    }),
  );

  server.post<PoolPath>("/:namespace/:pool/livekit-webhook", (request, reply) =>
    answering(deps, request, reply, async () => {
      const { namespace, pool: name } = request.params;
      const pool = requirePool(deps, `${namespace}/${name}`);
      const event = roomEvent(await deps.livekit.webhook(pool, await readEvent(deps, request), request.headers.authorization));
      if (event !== undefined) sessions.onRoomEvent(pool, event);
      return {};
    }),
  );
}

/** The text of a webhook, before its signature is verified. @throws LaunchError 408, 413, 499 or 503. */
async function readEvent({ rooms, read }: SessionRoutesDeps, { raw, ip, headers }: FastifyRequest): Promise<string> {
  const held = rooms.openUnverified(networkOf(ip), announcedLength(headers));
  try {
    return (await readBody(raw, held, read, MAX_EVENT_BYTES)).toString("utf8");
  } finally {
    held.release();
  }
}

/** Sends the result of a request, or its error. */
async function answering(
  { logger, denials }: Pick<SessionRoutesDeps, "logger" | "denials">,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<object>,
): Promise<FastifyReply> {
  try {
    const body = await answer();
    await discard(request.raw);
    return reply.send(body);
  } catch (error) {
    await discard(request.raw);
    const refusal = refusalOf(error);
    if (refusal.code === "unauthorized") denials.note(request, refusal.message);
    if (refusal.code === "internal") logger.error({ err: error }, "failed to serve a sessions request");
    return refuse(reply, refusal);
  }
}
