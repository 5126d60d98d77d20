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
      ? "the pool has no queue (launch.queue.length is 0)"
      : `${state.waiting} launches are waiting, the limit of one gateway (launch.queue.length)`;
  const what = reason === "session-limit" ? reasons[reason] : "no slot is free";
  return new LaunchError(503, "queue_full", `${what}, and ${sentence}: retry`, { retryAfterMs: retryMs(state) });
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
    `${state.waiting} launches are waiting and the pool is at its maximum size, so that no slot is expected within ${formatDuration(pool.launch.queueDeadlineMs)} (launch.queue.deadline): raise max of a worker group, or retry`,
    { retryAfterMs: retryMs(state) },
  );
}

const reasons: Readonly<Record<Shortfall, string>> = {
  "no-workers": "the pool had no worker for this avatar",
  "none-usable": "no worker for this avatar was ready",
  "all-cordoned": "every ready worker for this avatar was being drained",
  "all-tried": "every ready worker for this avatar rejected the launch",
  "session-limit": "the pool has reached its session limit (limits.maxSessions)",
  "all-full": "every ready worker for this avatar was full",
};

function retryMs(state: RetryState): number {
  const coldStarts = state.pool.groups.filter((group) => groupServes(group, state.preset)).map(({ coldStartMs }) => coldStartMs);
  return retryAfterMs({ ...state, coldStartMs: Math.min(...coldStarts) });
}

export function gatewayStopping(): LaunchError {
  return new LaunchError(503, "gateway_stopping", "this gateway is stopping: retry, another gateway responds", {
    retryAfterMs: 1_000,
  });
}

export function workerRejected(worker: string, status: number, message: string): LaunchError {
  return new LaunchError(status, "worker_rejected", `worker ${worker} rejected the launch${message === "" ? "" : `: ${message}`}`);
}

export function workerBroke(worker: string, why: string): LaunchError {
  return new LaunchError(502, "worker_failed", `the launch was sent to worker ${worker}, and then ${why}. ${maybeStarted}`);
}

export function workersBroke(workers: number): LaunchError {
  return new LaunchError(
    502,
    "worker_failed",
    `${workers} workers closed the connection after they received the launch. No session runs: check their logs and the avatar's image before you retry.`,
  );
}

export function workerTimedOut(worker: string): LaunchError {
  return new LaunchError(
    504,
    "worker_timeout",
    `worker ${worker} did not respond to the launch within ${formatDuration(LAUNCH_TIMEOUT_MS)}. ${maybeStarted}`,
  );
}
