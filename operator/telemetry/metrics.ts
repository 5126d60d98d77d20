import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/**
 * Every metric of the operator and the gateway. Labels are bounded: pool, group and preset come from specs, all other
 * values from closed sets.
 */

const seconds = {
  short: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  long: [0.5, 1, 2, 3, 4, 4.5, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300],
};

/** @param options `process: false` omits the metrics of the process itself, which need timers. */
export function createRegistry(options: { readonly process: boolean } = { process: true }): Registry {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  return registry;
}

export type OperatorMetrics = ReturnType<typeof operatorMetrics>;

export function operatorMetrics(registry: Registry) {
  const registers = [registry];
  return {
    reconciles: new Counter({
      name: "avatarpool_reconciles_total",
      help: "Number of reconciles, by outcome.",
      labelNames: ["controller", "outcome"] as const,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: "avatarpool_reconcile_seconds",
      help: "Duration of a reconcile, in seconds.",
      labelNames: ["controller"] as const,
      buckets: seconds.short,
      registers,
    }),
    queueLength: new Gauge({
      name: "avatarpool_queue_length",
      help: "Number of keys waiting for a reconcile.",
      labelNames: ["controller"] as const,
      registers,
    }),
    leader: new Gauge({ name: "avatarpool_leader", help: "1 if this replica is the leader, else 0.", registers }),
    watchRestarts: new Counter({
      name: "avatarpool_watch_restarts_total",
      help: "Number of watches that ended and were reopened, by kind and cause.",
      labelNames: ["kind", "cause"] as const,
      registers,
    }),
    groupWorkers: new Gauge({
      name: "avatarpool_group_workers",
      help: "Number of workers of a group, by state.",
      labelNames: ["namespace", "pool", "group", "state"] as const,
      registers,
    }),
    scaleChanges: new Counter({
      name: "avatarpool_scale_changes_total",
      help: "Number of changes of a group's size, by direction.",
      labelNames: ["namespace", "pool", "group", "direction"] as const,
      registers,
    }),
    pressureToPatchSeconds: new Histogram({
      name: "avatarpool_pressure_to_patch_seconds",
      help: "Seconds from the first launch that found no free slot until the operator changed the Deployment's replicas.",
      buckets: seconds.short,
      registers,
    }),
    gatewaysConnected: new Gauge({
      name: "avatarpool_gateways_connected",
      help: "Number of gateways with an open load stream.",
      registers,
    }),
  };
}

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

export function gatewayMetrics(registry: Registry) {
  const registers = [registry];
  const pool = ["namespace", "pool"] as const;
  return {
    launches: new Counter({
      name: "avatarpool_launches_total",
      help: "Number of launches, by outcome and by path: warm, cold, queued, repeated or overflow.",
      labelNames: [...pool, "outcome", "path"] as const,
      registers,
    }),
    startupSeconds: new Histogram({
      name: "avatarpool_startup_seconds",
      help: "Start-up time: seconds from a launch's arrival until its session runs.",
      labelNames: [...pool, "path"] as const,
      buckets: seconds.long,
      registers,
    }),
    trackPublishedSeconds: new Histogram({
      name: "avatarpool_track_published_seconds",
      help: "Seconds from a launch's arrival until LiveKit reports the avatar's video track, if the webhook reaches the gateway that served the launch. The client shows the first frame later: after 0.26 s on average on the same machine.",
      labelNames: [...pool, "path"] as const,
      buckets: seconds.long,
      registers,
    }),
    stageSeconds: new Histogram({
      name: "avatarpool_launch_stage_seconds",
      help: "Seconds of each stage of a served launch: queue (waiting for a slot), pick (reading and checking the launch, picking a worker), forward (until the worker accepts), worker (until the session runs).",
      labelNames: [...pool, "stage"] as const,
      buckets: [...seconds.short, 4, 5, 6, 8, 10, 15, 30, 60, 120, 300],
      registers,
    }),
    sessionsEnded: new Counter({
      name: "avatarpool_sessions_ended_total",
      help: "Number of ended sessions, by outcome: completed, failed, cancelled, or lost with the worker.",
      labelNames: [...pool, "outcome"] as const,
      registers,
    }),
    abandonedSessions: new Counter({
      name: "avatarpool_abandoned_sessions_total",
      help: "Number of sessions that the gateway ended because their agent had left.",
      labelNames: pool,
      registers,
    }),
    reclaimedSlotSeconds: new Counter({
      name: "avatarpool_reclaimed_slot_seconds_total",
      help: "Time for which the slots of abandoned sessions would have stayed taken by the workers' own timeout.",
      labelNames: pool,
      registers,
    }),
    worker503: new Counter({
      name: "avatarpool_worker_503_total",
      help: "Number of 503 responses from workers, by reason: at_capacity or not_ready.",
      labelNames: [...pool, "reason"] as const,
      registers,
    }),
    overflowSessions: new Gauge({
      name: "avatarpool_overflow_sessions",
      help: "Number of sessions in the maker's cloud that this gateway started and that still count.",
      labelNames: pool,
      registers,
    }),
    overflowErrors: new Counter({
      name: "avatarpool_overflow_errors_total",
      help: "Number of launches that the maker's cloud did not accept, by reason. unclear: the result is unknown.",
      labelNames: [...pool, "reason"] as const,
      registers,
    }),
    queued: new Gauge({
      name: "avatarpool_queued_launches",
      help: "Number of launches waiting for a slot.",
      labelNames: pool,
      registers,
    }),
    queueSeconds: new Histogram({
      name: "avatarpool_queue_seconds",
      help: "Seconds that launches waited for a slot.",
      labelNames: pool,
      buckets: seconds.long,
      registers,
    }),
    slots: new Gauge({
      name: "avatarpool_slots",
      help: "Number of slots, by state: busy, reserved or free.",
      labelNames: [...pool, "state"] as const,
      registers,
    }),
    watchRestarts: new Counter({
      name: "avatarpool_gateway_watch_restarts_total",
      help: "Number of watches that ended and were reopened, by kind and cause.",
      labelNames: ["kind", "cause"] as const,
      registers,
    }),
  };
}
