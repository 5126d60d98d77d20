import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { LaunchError } from "../errors.ts";
import { isLive } from "../sessions/session-book.ts";
import type { Found, Sessions } from "../sessions/sessions.ts";

export interface EndSessionsDeps {
  readonly logger: Logger;
  readonly sessions: Pick<Sessions, "end">;
}

/**
 * Ends the live sessions of a room on request of a client.
 * @throws LaunchError 404 if there is none, 502 if a worker did not end its session.
 */
export async function endSessions(
  { logger, sessions }: EndSessionsDeps,
  pool: PoolConfig,
  room: string,
  client: string,
): Promise<Found> {
  const found = await sessions.end(pool, room);
  if (found.sessions.length === 0) throw noSession(pool, room, found.complete);
  const left = found.sessions.filter(isLive);
  const ended = found.sessions.length - left.length;
  const line = { namespace: pool.namespace, pool: pool.name, client, room, ended, left: left.length };
  logger.info(line, "sessions ended on request");
  if (left.length > 0) throw notEnded(left.map(({ worker }) => worker.name));
  return found;
}

export function noSession(pool: PoolConfig, room: string, complete: boolean): LaunchError {
  const doubt = complete ? "" : "; not every worker has responded, so retry later";
  return new LaunchError(404, "session_not_found", `pool ${poolKey(pool)} has no session in room ${room}${doubt}`);
}

function notEnded(workers: readonly string[]): LaunchError {
  const message = `worker ${workers.join(", ")} did not end the session, which may still run: retry`;
  return new LaunchError(502, "session_not_ended", message);
}
