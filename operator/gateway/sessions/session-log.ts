import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";
import type { Livekit } from "./livekit.ts";
import type { SessionEvent } from "./sessions.ts";
import type { DispatchApi } from "./untaken-jobs.ts";

/** Interval of log lines about an unreachable LiveKit server. */
const COMPLAIN_EVERY_MS = 60_000;
/** Names in a log line are the client's: they are cut. */
const MAX_LOGGED = 200;

/** Writes what becomes of sessions to the log. */
export function sessionLog(logger: Logger): (news: SessionEvent) => void {
  return (news) => {
    const { worker, room, taskId } = news.session;
    const { namespace, pool } = worker.record;
    const line = { namespace, pool, room: room.slice(0, MAX_LOGGED), worker: worker.name, task: taskId };
    switch (news.kind) {
      case "lost":
        return logger.warn(line, "session lost: the worker disappeared");
      case "abandoned":
        return logger.info({ ...line, reclaimedMs: Math.round(news.reclaimedMs) }, "session ended: the agent has left");
      case "abandoned-not-stopped":
        return logger.warn(line, "failed to end a session whose agent has left");
      case "replaced":
        return logger.info(line, "session ended: a newer session in its room replaced it");
      case "replaced-not-stopped":
        return logger.warn(line, "failed to end a replaced session");
    }
  };
}

/** Looks into rooms, and tells the log when that fails, once a minute at most. */
export function loggedRoomViews(livekit: Pick<Livekit, "viewRoom">, logger: Logger, clock: Clock): Livekit["viewRoom"] {
  const failed = complaints(
    logger,
    clock,
    "failed to read rooms; abandoned sessions end by their workers' timeout: check livekit.apiKeyRef",
  );
  return (pool, room, agent) => failed(pool, livekit.viewRoom(pool, room, agent));
}

/** Reads dispatches, and logs a failure, once a minute at most. */
export function loggedDispatches(livekit: Pick<Livekit, "rooms" | "dispatches">, logger: Logger, clock: Clock): DispatchApi {
  const failed = complaints(
    logger,
    clock,
    "failed to read dispatches; jobs that no worker takes do not count: check livekit.apiKeyRef",
  );
  return {
    rooms: (pool) => failed(pool, livekit.rooms(pool)),
    dispatches: (pool, room) => failed(pool, livekit.dispatches(pool, room)),
  };
}

/** Passes on the answers of LiveKit, and logs a failure. */
function complaints(logger: Logger, clock: Clock, what: string): <T>(pool: PoolConfig, answer: Promise<T>) => Promise<T> {
  let complainedMs = Number.NEGATIVE_INFINITY;
  return async ({ namespace, name }, answer) => {
    try {
      return await answer;
    } catch (error) {
      if (clock.now() - complainedMs >= COMPLAIN_EVERY_MS) {
        complainedMs = clock.now();
        logger.warn({ namespace, pool: name, cause: hideSecrets(error instanceof Error ? error.message : String(error)) }, what);
      }
      throw error;
    }
  };
}
