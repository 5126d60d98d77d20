import { poolKey } from "../api/pool-config.ts";
import type { GatewayMetrics } from "../telemetry/metrics.ts";
import type { GatewayCore } from "./core.ts";
import type { Directory } from "./workers/directory.ts";

/** Updates the gauges. Removed pools lose theirs. */
export function updateGauges(metrics: GatewayMetrics, directory: Directory, core: GatewayCore): void {
  metrics.queued.reset();
  metrics.slots.reset();
  metrics.overflowSessions.reset();
  for (const pool of directory.pools()) {
    const state = core.state(poolKey(pool));
    if (state === undefined) continue;
    const labels = { namespace: pool.namespace, pool: pool.name };
    const ready = state.workers.filter((worker) => worker.ready);
    const busy = sum(ready.map(({ sessions }) => sessions));
    const reserved = sum(ready.map((worker) => worker.reserved));
    const free = sum(ready.map((worker) => Math.max(0, worker.slots - worker.sessions - worker.reserved - (worker.blocked ?? 0))));
    metrics.queued.set(labels, sum(Object.values(state.queued)));
    if (state.overflow !== undefined) metrics.overflowSessions.set(labels, state.overflow.sessions);
    metrics.slots.set({ ...labels, state: "busy" }, busy);
    metrics.slots.set({ ...labels, state: "reserved" }, reserved);
    metrics.slots.set({ ...labels, state: "free" }, free);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
