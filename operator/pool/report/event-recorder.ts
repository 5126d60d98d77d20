import type { KubeClient } from "../../kube/client.ts";
import { recordEvent } from "../../kube/events.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { PoolEvent } from "./reporter.ts";

/** Events under way; further ones are dropped rather than queued, since they only tell what the status says too. */
const MAX_IN_FLIGHT = 50;
/** Of all pools together: a write each, so a thousand pools that flap must not keep the API server busy. */
const PER_SECOND = 10;
const AT_ONCE = 100;
/** What is kept for warnings. */
const FOR_WARNINGS = 25;

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "create">;
  readonly reportingInstance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Records events without keeping a reconcile waiting. Those beyond the limits are dropped and logged. */
export function eventRecorder({ client, reportingInstance, clock, logger }: EventRecorderOptions): (event: PoolEvent) => void {
  let inFlight = 0;
  let allowance = AT_ONCE;
  let countedMs = clock.now();
  return ({ type, reason, note, regarding }) => {
    const nowMs = clock.now();
    allowance = Math.min(AT_ONCE, allowance + (Math.max(0, nowMs - countedMs) * PER_SECOND) / 1_000);
    countedMs = nowMs;
    const least = type === "Warning" ? 1 : 1 + FOR_WARNINGS;
    if (allowance < least || inFlight >= MAX_IN_FLIGHT) {
      logger.warn({ reason, note, pool: `${regarding.namespace}/${regarding.name}` }, "event dropped: rate limit exceeded");
      return;
    }
    allowance -= 1;
    inFlight++;
    const event = { type, reason, note, regarding, action: "Reconcile", reportingInstance, nowMs };
    void recordEvent(client, event, logger).finally(() => {
      inFlight--;
    });
  };
}
