import { formatDuration } from "../../api/duration.ts";
import { groupServes, type PoolConfig } from "../../api/pool-config.ts";
import { LAUNCH_TIMEOUT_MS } from "../../workers/client.ts";
import { LaunchError, maybeStarted } from "../errors.ts";
import { retryAfterMs } from "../queue/retry-after.ts";
import type { Shortfall } from "../queue/slots.ts";

/** The sentences with which launches end that got no session. */

export interface RetryState {
  readonly nowMs: number;
  readonly waiting: number;
  readonly grantsMs: readonly number[];
  readonly pool: PoolConfig;
  readonly preset: string | undefined;
}

export function queueFull(pool: PoolConfig, reason: Shortfall, state: RetryState): LaunchError {
  const sentence =
    pool.launch.queueLength === 0
      ? "this pool lets no launch wait (launch.queue.length is 0)"
      : `${state.waiting} launches wait already, the most that one gateway keeps (launch.queue.length)`;
  const what = reason === "session-limit" ? reasons[reason] : "no slot is free";
  return new LaunchError(503, "queue_full", `${what}, and ${sentence}: try again`, { retryAfterMs: retryMs(state) });
}

export function deadlineExceeded(pool: PoolConfig, reason: Shortfall, state: RetryState): LaunchError {
  return new LaunchError(
    503,
    "deadline_exceeded",
    `no slot became free within ${formatDuration(pool.launch.queueDeadlineMs)} (launch.queue.deadline): ${reasons[reason]}`,
    { retryAfterMs: retryMs(state) },
  );
}

export function deadlineHopeless(pool: PoolConfig, state: RetryState): LaunchError {
  return new LaunchError(
    503,
    "deadline_exceeded",
    `${state.waiting} launches wait already, the pool is as large as it may be, and at the pace at which slots become free this one's turn would come long after ${formatDuration(pool.launch.queueDeadlineMs)} (launch.queue.deadline): raise max of a worker group, or try again`,
    { retryAfterMs: retryMs(state) },
  );
}

const reasons: Readonly<Record<Shortfall, string>> = {
  "no-workers": "the pool had no worker for this avatar",
  "none-usable": "no worker for this avatar was ready",
  "all-cordoned": "every ready worker for this avatar was being drained",
  "all-tried": "every ready worker for this avatar refused it",
  "session-limit": "the pool has as many sessions as it may (limits.maxSessions)",
  "all-full": "every ready worker for this avatar was full",
};

function retryMs(state: RetryState): number {
  const coldStarts = state.pool.groups.filter((group) => groupServes(group, state.preset)).map(({ coldStartMs }) => coldStartMs);
  return retryAfterMs({ ...state, coldStartMs: Math.min(...coldStarts) });
}

export function gatewayStopping(): LaunchError {
  return new LaunchError(503, "gateway_stopping", "this gateway is stopping: try again, another one answers", {
    retryAfterMs: 1_000,
  });
}

export function workerRejected(worker: string, status: number, message: string): LaunchError {
  return new LaunchError(status, "worker_rejected", `worker ${worker} refused the launch${message === "" ? "" : `: ${message}`}`);
}

export function workerBroke(worker: string, why: string): LaunchError {
  return new LaunchError(502, "worker_failed", `worker ${worker} was sent the launch, and then ${why}. ${maybeStarted}`);
}

export function workersBroke(workers: number): LaunchError {
  return new LaunchError(
    502,
    "worker_failed",
    `${workers} workers broke off when they were sent the launch. No session runs: look at their logs, and at the avatar's image, before you try again.`,
  );
}

export function workerTimedOut(worker: string): LaunchError {
  return new LaunchError(
    504,
    "worker_timeout",
    `worker ${worker} was sent the launch and did not answer within ${formatDuration(LAUNCH_TIMEOUT_MS)}. ${maybeStarted}`,
  );
}
