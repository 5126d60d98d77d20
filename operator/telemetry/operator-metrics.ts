import { commonMetrics, type Define, type MetricsRegistry, metricsIn, seconds } from "./metrics.ts";
import { poolCounters, poolGauges } from "./pool-metrics.ts";
import { workqueueMetrics } from "./workqueue-metrics.ts";

export type OperatorMetrics = ReturnType<typeof operatorMetrics>;

/** Registers every metric of the operator. */
export function operatorMetrics(registry: MetricsRegistry) {
  const define = metricsIn(registry);
  return {
    ...commonMetrics(define),
    ...controllerMetrics(define),
    workqueue: workqueueMetrics(define),
    poolGauges: poolGauges(define),
    ...poolCounters(define),
  };
}

export function controllerMetrics({ counter, gauge, histogram }: Define) {
  return {
    leader: gauge("avatarpool_leader", "1 if this replica is the leader, else 0."),
    reconciles: counter("avatarpool_reconciles_total", "Number of reconciles, by outcome.", ["controller", "outcome"]),
    gatewaysConnected: gauge("avatarpool_gateways_connected", "Number of gateways with an open load stream."),
    pressureToPatchSeconds: histogram(
      "avatarpool_pressure_to_patch_duration_seconds",
      "Seconds from the first launch that found no free slot until the operator changed the Deployment's replicas.",
      [],
      seconds.short,
    ),
  };
}
