import type { FastifyReply, FastifyRequest } from "fastify";
import { ConsoleFailure } from "../failure.ts";
import { type ConsoleServerDeps, isApi } from "./deps.ts";
import { FORWARDED_HEADER, type Forwarder } from "./forward.ts";

/** Longer than the interval of a stream's heartbeats. */
const SILENCE_MS = 30_000;
/** A gateway holds a test launch for at most 300 s. */
const LAUNCH_SILENCE_MS = 330_000;

/**
 * Forwards a request that only the leader can serve. Pages are forwarded too, because the leader may be of another version. A
 * standby serves its own pages if the leader does not respond, so that the page can show the reason.
 * @throws ConsoleFailure 503 for a request of the API, if no leader responds.
 */
export async function forwardToLeader(
  { replica, role, assets }: Pick<ConsoleServerDeps, "replica" | "role" | "assets">,
  forwarder: Forwarder,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const now = role();
  if (now.kind === "leads" || assets.get(request.url.slice(1))?.immutable) return;
  const again = FORWARDED_HEADER in request.headers;
  const problem =
    now.leader === undefined || again
      ? `no operator leads now, or ${replica} has not observed the leader yet`
      : await forwarder
          .forward(request.raw, reply.raw, {
            leader: now.leader,
            replica,
            silenceMs: request.method === "POST" ? LAUNCH_SILENCE_MS : SILENCE_MS,
            onResponse: () => reply.hijack(),
          })
          .then(
            () => undefined,
            (error: Error) => `the leading operator did not respond to ${replica} (${error.message})`,
          );
  if (problem !== undefined && isApi(request)) throw new ConsoleFailure(503, `${problem}: retry in a few seconds`);
}
