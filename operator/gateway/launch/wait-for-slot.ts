import type { Clock } from "../../runtime/clock.ts";
import type { GatewayMetrics } from "../../telemetry/gateway-metrics.ts";
import type { LaunchError } from "../errors.ts";
import type { LoadBook } from "../load/load-book.ts";
import type { QueueExit, QueueResult } from "../queue/queued-launch.ts";
import { isHopeless } from "../queue/retry-after.ts";
import type { Slot, Slots } from "../queue/slots.ts";
import type { LaunchContext } from "./launch-context.ts";
import { deadlineExceeded, deadlineHopeless, queueFull } from "./refusals.ts";

export interface WaitDeps {
  readonly clock: Clock;
  readonly slots: Slots;
  readonly load: Pick<LoadBook, "changed">;
  readonly metrics: Pick<GatewayMetrics, "queueSeconds">;
  /** The first launch of a pool has entered the queue. */
  readonly onAwaited: (pool: string) => void;
}

export type SlotWait<Exit> =
  | Exclude<QueueResult<Slot, Exit>, { kind: "queue-full" | "deadline" }>
  /** The queue refuses the launch: there is no slot in time. */
  | { readonly kind: "short"; readonly refusal: LaunchError };

/** @param again whether the launch had a slot before: the queue then takes it back at its old position. */
export async function waitForSlot<Exit>(
  deps: WaitDeps,
  launch: LaunchContext,
  { again, exit }: { readonly again: boolean; readonly exit: QueueExit<Exit> | undefined },
): Promise<SlotWait<Exit>> {
  const { clock, slots, load, metrics } = deps;
  const { order, client, key, pool, preset, deadlineMs, trace, met } = launch;
  const queue = slots.queue(key);
  const sinceMs = clock.now();
  const retryState = () => ({ nowMs: clock.now(), waiting: queue.length, grantsMs: queue.grantsMs, pool, preset });
  const short = (refusal: LaunchError) => {
    met("refused");
    return { kind: "short" as const, refusal };
  };
  // A launch that is queued again has its position before the launches that the estimate counts.
  if (!again && isHopeless({ ...retryState(), deadlineMs, mayGrow: () => slots.mayGrow(pool, preset) })) {
    return short(deadlineHopeless(pool, retryState()));
  }
  const onQueued = (): void => {
    trace.path = "queued";
    met("waited");
    if (queue.length === 1) deps.onAwaited(key);
  };
  const take = () => slots.takeQueued(key, preset);
  const result = await queue.wait(
    { order, client, want: preset ?? "", deadlineMs, again, take, exit, onQueued },
    { length: pool.launch.queueLength, signal: launch.abandoned },
  );
  const waitedMs = clock.now() - sinceMs;
  trace.waitedMs += waitedMs;
  load.changed(key);
  switch (result.kind) {
    case "granted":
      metrics.queueSeconds.observeLaunch({ namespace: pool.namespace, pool: pool.name }, waitedMs / 1_000, trace.traceId);
      return result;
    case "queue-full":
      return short(queueFull(pool, slots.shortage(pool, preset), retryState()));
    case "deadline":
      return short(deadlineExceeded(pool, slots.shortage(pool, preset), retryState()));
    default:
      return result;
  }
}
