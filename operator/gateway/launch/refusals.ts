import { formatDuration } from "../../api/duration.ts";
import { groupServes, type PoolConfig } from "../../api/pool-config.ts";
import { LAUNCH_TIMEOUT_MS } from "../../workers/client.ts";
import { LaunchError, maybeStarted } from "../errors.ts";
import { type QueueState, retryAfterMs } from "../queue/retry-after.ts";
import type { Shortfall } from "../queue/slots.ts";

/** The sentences with which launches end that got no session. */

export interface RetryState extends QueueState {
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
  const message = `no slot became free within ${deadlineOf(pool)}: ${reasons[reason]}`;
  return new LaunchError(503, "deadline_exceeded", message, { retryAfterMs: retryMs(state) });
}

export function deadlineHopeless(pool: PoolConfig, state: RetryState): LaunchError {
  const why = `${state.waiting} launches are waiting and the pool is at its maximum size`;
  const message = `${why}, so that no slot is expected within ${deadlineOf(pool)}: raise max of a worker group, or retry`;
  return new LaunchError(503, "deadline_exceeded", message, { retryAfterMs: retryMs(state) });
}

function deadlineOf({ launch }: PoolConfig): string {
  return `${formatDuration(launch.queueDeadlineMs)} (launch.queue.deadline)`;
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
  const message = "this gateway is stopping: retry, another gateway responds";
  return new LaunchError(503, "gateway_stopping", message, { retryAfterMs: 1_000 });
}

export function workerRejected(worker: string, status: number, message: string): LaunchError {
  return new LaunchError(status, "worker_rejected", `worker ${worker} rejected the launch${message === "" ? "" : `: ${message}`}`);
}

export function workerBroke(worker: string, why: string): LaunchError {
  return new LaunchError(502, "worker_failed", `the launch was sent to worker ${worker}, and then ${why}. ${maybeStarted}`);
}

export function workersBroke(workers: number): LaunchError {
  const message = `${workers} workers closed the connection after they received the launch. No session runs`;
  return new LaunchError(502, "worker_failed", `${message}: check their logs and the avatar's image before you retry.`);
}

export function workerTimedOut(worker: string): LaunchError {
  const message = `worker ${worker} did not respond to the launch within ${formatDuration(LAUNCH_TIMEOUT_MS)}`;
  return new LaunchError(504, "worker_timeout", `${message}. ${maybeStarted}`);
}
