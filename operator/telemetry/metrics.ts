import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/**
 * Every metric of the operator and the gateway. Labels are bounded: pool, group and preset come from specs, all other
 * values from closed sets.
 */

const seconds = {
  short: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  long: [0.5, 1, 2, 3, 4, 4.5, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120, 300],
};

const pool = ["namespace", "pool"] as const;

/** @param options `process: false` omits the metrics of the process itself, which need timers. */
export function createRegistry(options: { readonly process: boolean } = { process: true }): Registry {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  return registry;
}

/** Builders of metrics that are registered here. */
function metricsIn(registry: Registry) {
  const registers = [registry];
  return {
    counter: <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
      new Counter({ name, help, labelNames, registers }),
    gauge: <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
      new Gauge({ name, help, labelNames, registers }),
    histogram: <Label extends string>(name: string, help: string, labelNames: readonly Label[], buckets: number[]) =>
      new Histogram({ name, help, labelNames, buckets, registers }),
  };
}

export type OperatorMetrics = ReturnType<typeof operatorMetrics>;

export function operatorMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricsIn(registry);
  return {
    reconciles: counter("avatarpool_reconciles_total", "Number of reconciles, by outcome.", ["controller", "outcome"]),
    reconcileSeconds: histogram(
      "avatarpool_reconcile_seconds",
      "Duration of a reconcile, in seconds.",
      ["controller"],
      seconds.short,
    ),
    queueLength: gauge("avatarpool_queue_length", "Number of keys waiting for a reconcile.", ["controller"]),
    leader: gauge("avatarpool_leader", "1 if this replica is the leader, else 0."),
    watchRestarts: counter(
      "avatarpool_watch_restarts_total",
      "Number of watches that ended and were reopened, by kind and cause.",
      ["kind", "cause"],
    ),
    groupWorkers: gauge("avatarpool_group_workers", "Number of workers of a group, by state.", [...pool, "group", "state"]),
    scaleChanges: counter("avatarpool_scale_changes_total", "Number of changes of a group's size, by direction.", [
      ...pool,
      "group",
      "direction",
    ]),
    pressureToPatchSeconds: histogram(
      "avatarpool_pressure_to_patch_seconds",
      "Seconds from the first launch that found no free slot until the operator changed the Deployment's replicas.",
      [],
      seconds.short,
    ),
    credits: counter(
      "avatarpool_credits_total",
      "Number of credits that the sessions of a pool cost at the maker, counted by this operator, by mode: self-hosted or cloud.",
      [...pool, "mode"],
    ),
    budgetUsed: gauge(
      "avatarpool_credits_budget_used_ratio",
      "Credits of the current budget period divided by the budget of the pool.",
      pool,
    ),
    gatewaysConnected: gauge("avatarpool_gateways_connected", "Number of gateways with an open load stream."),
  };
}

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

export function gatewayMetrics(registry: Registry) {
  const { counter, gauge, histogram } = metricsIn(registry);
  return {
    launches: counter(
      "avatarpool_launches_total",
      "Number of launches, by outcome and by path: warm, cold, queued, repeated or overflow.",
      [...pool, "outcome", "path"],
    ),
    startupSeconds: histogram(
      "avatarpool_startup_seconds",
      "Start-up time: seconds from a launch's arrival until its session runs.",
      [...pool, "path"],
      seconds.long,
    ),
    trackPublishedSeconds: histogram(
      "avatarpool_track_published_seconds",
      "Seconds from a launch's arrival until LiveKit reports the avatar's video track, if the webhook reaches the gateway that served the launch. The client shows the first frame later: after 0.26 s on average on the same machine.",
      [...pool, "path"],
      seconds.long,
    ),
    stageSeconds: histogram(
      "avatarpool_launch_stage_seconds",
      "Seconds of each stage of a served launch: queue (waiting for a slot), pick (reading and checking the launch, picking a worker), forward (until the worker accepts), worker (until the session runs).",
      [...pool, "stage"],
      [...seconds.short, 4, 5, 6, 8, 10, 15, 30, 60, 120, 300],
    ),
    sessionsEnded: counter(
      "avatarpool_sessions_ended_total",
      "Number of ended sessions, by outcome: completed, failed, cancelled, or lost with the worker.",
      [...pool, "outcome"],
    ),
    abandonedSessions: counter(
      "avatarpool_abandoned_sessions_total",
      "Number of sessions that the gateway ended because their agent had left.",
      pool,
    ),
    reclaimedSlotSeconds: counter(
      "avatarpool_reclaimed_slot_seconds_total",
      "Time for which the slots of abandoned sessions would have stayed taken by the workers' own timeout.",
      pool,
    ),
    worker503: counter(
      "avatarpool_worker_503_total",
      "Number of 503 responses from workers, by reason: at_capacity or not_ready.",
      [...pool, "reason"],
    ),
    overflowSessions: gauge(
      "avatarpool_overflow_sessions",
      "Number of sessions in the maker's cloud that this gateway started and that still count.",
      pool,
    ),
    overflowErrors: counter(
      "avatarpool_overflow_errors_total",
      "Number of launches that the maker's cloud did not accept, by reason. unclear: the result is unknown.",
      [...pool, "reason"],
    ),
    queued: gauge("avatarpool_queued_launches", "Number of launches waiting for a slot.", pool),
    queueSeconds: histogram("avatarpool_queue_seconds", "Seconds that launches waited for a slot.", pool, seconds.long),
    slots: gauge("avatarpool_slots", "Number of slots, by state: busy, reserved or free.", [...pool, "state"]),
    watchRestarts: counter(
      "avatarpool_gateway_watch_restarts_total",
      "Number of watches that ended and were reopened, by kind and cause.",
      ["kind", "cause"],
    ),
  };
}
