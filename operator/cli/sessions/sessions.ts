import { z } from "zod";
import { sessionsSchema } from "../../gateway/http/session-schemas.ts";
import type { ObjectRef } from "../../kube/types.ts";
import { parsedJson } from "../../runtime/parsed-json.ts";
import { type AskGateway, GatewayError, refusedBy } from "../gateways/ask-gateway.ts";

/** A newer gateway may have states that this version does not know. */
const readable = sessionsSchema.extend({
  sessions: z.array(sessionsSchema.shape.sessions.element.extend({ state: z.string() })),
});

export type Sessions = z.output<typeof readable>;
export type Session = Sessions["sessions"][number];

/** A pool with the token for its launches, if it requires one. */
export interface ReachedPool extends ObjectRef {
  readonly token?: string | undefined;
}

/** All live and recently ended sessions of a pool. @throws GatewayError */
export async function sessionsOf(ask: AskGateway, pool: ReachedPool): Promise<Sessions> {
  return request(ask, "GET", pool, "", "the list of sessions");
}

/** The sessions of one room. @throws GatewayError, with the status 404 if there is none. */
export async function sessionsIn(ask: AskGateway, pool: ReachedPool, room: string): Promise<Sessions> {
  return request(ask, "GET", pool, `/${encodeURIComponent(room)}`, `the request for room ${room}`);
}

/** Ends the sessions of one room. @throws GatewayError, with the status 404 if there is none. */
export async function stopSessions(ask: AskGateway, pool: ReachedPool, room: string): Promise<Sessions> {
  return request(ask, "DELETE", pool, `/${encodeURIComponent(room)}`, `the end of the sessions in room ${room}`);
}

async function request(
  ask: AskGateway,
  method: "GET" | "DELETE",
  { namespace, name, token }: ReachedPool,
  rest: string,
  what: string,
): Promise<Sessions> {
  const response = await ask({ method, path: `/${namespace}/${name}/sessions${rest}`, token });
  if (response.status >= 400) throw refusedBy(what, response, token === undefined ? [] : [token]);
  const parsed = readable.safeParse(parsedJson(response.body));
  if (!parsed.success)
    throw new GatewayError(`${what} failed: the gateway's response has an unknown format; use a CLI of its version`);
  return parsed.data;
}
