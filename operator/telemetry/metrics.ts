import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/**
 * Every metric that the two processes export. Labels are bounded: pool, group and preset come from specs, everything
 * else from closed sets.
 */

const seconds = {
  short: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  long: [0.5, 1, 2, 3, 4, 4.5, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300],
};

/** @param options `process: false` leaves out the figures of the process itself, which cost timers. */
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
      help: "Reconciles by outcome.",
      labelNames: ["controller", "outcome"] as const,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: "avatarpool_reconcile_seconds",
      help: "Time of one reconcile.",
      labelNames: ["controller"] as const,
      buckets: seconds.short,
      registers,
    }),
    queueLength: new Gauge({
      name: "avatarpool_queue_length",
      help: "Keys that wait for a reconcile.",
      labelNames: ["controller"] as const,
      registers,
    }),
    leader: new Gauge({ name: "avatarpool_leader", help: "1 while this replica leads.", registers }),
    watchRestarts: new Counter({
      name: "avatarpool_watch_restarts_total",
      help: "Watches that ended and were opened again, by kind and cause.",
      labelNames: ["kind", "cause"] as const,
      registers,
    }),
    groupWorkers: new Gauge({
      name: "avatarpool_group_workers",
      help: "Workers of a group by state.",
      labelNames: ["namespace", "pool", "group", "state"] as const,
      registers,
    }),
    scaleChanges: new Counter({
      name: "avatarpool_scale_changes_total",
      help: "Changes of a group's size by direction.",
      labelNames: ["namespace", "pool", "group", "direction"] as const,
      registers,
    }),
    pressureToPatchSeconds: new Histogram({
      name: "avatarpool_pressure_to_patch_seconds",
      help: "From the first launch that met short capacity at a gateway until the Deployment's replicas were written.",
      buckets: seconds.short,
      registers,
    }),
    gatewaysConnected: new Gauge({ name: "avatarpool_gateways_connected", help: "Gateways whose load stream is open.", registers }),
  };
}

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

export function gatewayMetrics(registry: Registry) {
  const registers = [registry];
  const pool = ["namespace", "pool"] as const;
  return {
    launches: new Counter({
      name: "avatarpool_launches_total",
      help: "Launches by outcome and by the path that they took: warm, cold, queued, repeated or overflow.",
      labelNames: [...pool, "outcome", "path"] as const,
      registers,
    }),
    startupSeconds: new Histogram({
      name: "avatarpool_startup_seconds",
      help: "From a launch's arrival until its session runs.",
      labelNames: [...pool, "path"] as const,
      buckets: seconds.long,
      registers,
    }),
    trackPublishedSeconds: new Histogram({
      name: "avatarpool_track_published_seconds",
      help: "From a launch's arrival until LiveKit reports the avatar's video track, if the webhook reaches the gateway that served the launch. A client shows the first frame later: 0.26 s on average with a client on the same machine.",
      labelNames: [...pool, "path"] as const,
      buckets: seconds.long,
      registers,
    }),
    stageSeconds: new Histogram({
      name: "avatarpool_launch_stage_seconds",
      help: "Parts of a served launch: queue (waiting for a slot), pick (reading, checking and choosing), forward (until the worker has accepted), worker (from then until the session runs).",
      labelNames: [...pool, "stage"] as const,
      buckets: [...seconds.short, 4, 5, 6, 8, 10, 15, 30, 60, 120, 300],
      registers,
    }),
    sessionsEnded: new Counter({
      name: "avatarpool_sessions_ended_total",
      help: "Sessions that ended: completed, failed, cancelled, or lost with their worker.",
      labelNames: [...pool, "outcome"] as const,
      registers,
    }),
    abandonedSessions: new Counter({
      name: "avatarpool_abandoned_sessions_total",
      help: "Sessions that the gateway ended because their agent had left.",
      labelNames: pool,
      registers,
    }),
    wonBackSeconds: new Counter({
      name: "avatarpool_won_back_seconds_total",
      help: "Time for which the slots of abandoned sessions would have stayed taken by the workers' own timeout.",
      labelNames: pool,
      registers,
    }),
    worker503: new Counter({
      name: "avatarpool_worker_503_total",
      help: "503 answers of workers by reason: at_capacity or not_ready.",
      labelNames: [...pool, "reason"] as const,
      registers,
    }),
    overflowSessions: new Gauge({
      name: "avatarpool_overflow_sessions",
      help: "Sessions in the maker's cloud that this gateway has begun and that count still.",
      labelNames: pool,
      registers,
    }),
    overflowErrors: new Counter({
      name: "avatarpool_overflow_errors_total",
      help: "Launches that the maker's cloud did not take, by reason; unclear: nobody knows whether it did.",
      labelNames: [...pool, "reason"] as const,
      registers,
    }),
    queued: new Gauge({ name: "avatarpool_queued_launches", help: "Launches that wait for a slot.", labelNames: pool, registers }),
    queueSeconds: new Histogram({
      name: "avatarpool_queue_seconds",
      help: "Time that launches waited for a slot.",
      labelNames: pool,
      buckets: seconds.long,
      registers,
    }),
    slots: new Gauge({
      name: "avatarpool_slots",
      help: "Slots by state: busy, reserved or free.",
      labelNames: [...pool, "state"] as const,
      registers,
    }),
    watchRestarts: new Counter({
      name: "avatarpool_gateway_watch_restarts_total",
      help: "Watches that ended and were opened again, by kind and cause.",
      labelNames: ["kind", "cause"] as const,
      registers,
    }),
  };
}
