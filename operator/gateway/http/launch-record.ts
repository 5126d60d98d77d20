import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { LaunchError } from "../errors.ts";
import { launchStages } from "../launch/launch-spans.ts";
import type { LaunchTrace } from "../launch/launch-trace.ts";
import { stageTimes } from "../launch/stage-times.ts";

/** Clients choose the names of rooms and presets. */
const MAX_LOGGED = 200;

export interface RecordDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: GatewayMetrics;
}

/** Counts a launch that has ended, and writes its access log line. Launches without a valid token are in the denial log. */
export function record(deps: RecordDeps, pool: PoolConfig | undefined, trace: LaunchTrace, outcome: "served" | LaunchError): void {
  const code = outcome === "served" ? outcome : outcome.code;
  // Clients can name any pool: the number of label values would have no limit.
  const labels = { namespace: pool?.namespace ?? "", pool: pool?.name ?? "", outcome: code, path: trace.path ?? "" };
  deps.metrics.launches.inc(labels);
  if (outcome === "served" && trace.path !== "repeated") recordStages(deps, labels, trace);
  exportSpans(trace, labels, outcome === "served" ? undefined : outcome.status, deps.clock.now());
  const { client, traceId, preset, worker, path, attempts } = trace;
  const room = trace.room?.slice(0, MAX_LOGGED);
  const line = {
    ...{ namespace: labels.namespace, pool: labels.pool, client, traceId, room, preset, worker, path, attempts, outcome: code },
    totalMs: Math.round(deps.clock.now() - trace.arrivedMs),
    readMs: Math.round(trace.readMs),
    waitedMs: Math.round(trace.waitedMs),
    forwardMs: Math.round(trace.forwardMs),
  };
  if (code === "unauthorized") return;
  if (outcome === "served") deps.logger.info(line, "launch");
  else if (outcome.code === "internal") deps.logger.error({ ...line, err: outcome.cause }, "launch");
  else deps.logger.warn({ ...line, status: outcome.status, field: outcome.field?.slice(0, MAX_LOGGED) }, "launch");
}

function exportSpans(
  trace: LaunchTrace,
  { namespace, pool, outcome, path }: Readonly<Record<"namespace" | "pool" | "outcome" | "path", string>>,
  refusedWith: number | undefined,
  endMs: number,
): void {
  const { span, preset, attempts } = trace;
  if (span === undefined) return;
  for (const stage of launchStages(trace, endMs)) span.add(stage);
  const attributes = {
    ...{ "avatarpool.namespace": namespace, "avatarpool.pool": pool, "avatarpool.outcome": outcome, "avatarpool.path": path },
    ...(preset !== undefined && { "avatarpool.preset": preset.slice(0, MAX_LOGGED) }),
    ...(refusedWith !== undefined && { "http.response.status_code": refusedWith }),
    "avatarpool.attempts": attempts,
  };
  span.end(endMs, attributes, refusedWith !== undefined && refusedWith >= 500);
}

function recordStages(
  { clock, metrics }: { readonly clock: Clock; readonly metrics: GatewayMetrics },
  { namespace, pool }: { readonly namespace: string; readonly pool: string },
  trace: LaunchTrace,
): void {
  for (const { name: stage, ms } of stageTimes(trace, clock.now()))
    metrics.stageSeconds.observeLaunch({ namespace, pool, stage }, ms / 1_000, trace.traceId);
}
