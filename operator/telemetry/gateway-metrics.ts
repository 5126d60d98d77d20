import { commonMetrics, type Define, type MetricsRegistry, metricsIn, ofPool, seconds } from "./metrics.ts";

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

/** Registers every metric of the gateway. Each gateway counts its own launches and sessions: the sum over the gateways is the pool's. */
export function gatewayMetrics(registry: MetricsRegistry) {
  const define = metricsIn(registry);
  return { ...commonMetrics(define), ...launchMetrics(define), ...sessionMetrics(define) };
}

/** The stages of a launch until its session runs, in order. */
export const launchStages = ["queue", "pick", "forward", "worker"] as const;

/** A stage that begins like `worker`, and ends when LiveKit reports the avatar's video track. */
export const FIRST_FRAME = "first frame";

export function launchMetrics({ counter, gauge, launchHistogram }: Define) {
  return {
    launches: counter(
      "avatarpool_launches_total",
      "Number of launches, by outcome and by path: warm, cold, queued, repeated or overflow.",
      [...ofPool, "outcome", "path"],
    ),
    startupSeconds: launchHistogram(
      "avatarpool_startup_duration_seconds",
      "Start-up time: seconds from a launch's arrival until its session runs.",
      [...ofPool, "path"],
      seconds.long,
    ),
    trackPublishedSeconds: launchHistogram(
      "avatarpool_track_published_duration_seconds",
      "Seconds from a launch's arrival until LiveKit reports the avatar's video track, if the webhook reaches the gateway that served the launch. The client shows the first frame later: after 0.26 s on average on the same machine.",
      [...ofPool, "path"],
      seconds.long,
    ),
    stageSeconds: launchHistogram(
      "avatarpool_launch_stage_duration_seconds",
      "Seconds of each stage of a served launch: queue (waiting for a slot), pick (reading and checking the launch, picking a worker), forward (until the worker accepts), worker (from then until the session runs), first frame (from the same time until LiveKit reports the avatar's video track, if the webhook reaches the gateway that served the launch).",
      [...ofPool, "stage"],
      [...seconds.short, 4, 5, 6, 8, 10, 15, 30, 60, 120, 300],
    ),
    queueSeconds: launchHistogram(
      "avatarpool_queue_duration_seconds",
      "Seconds that launches waited for a slot.",
      ofPool,
      seconds.long,
    ),
    queued: gauge("avatarpool_gateway_queued_launches", "Number of launches that wait for a slot at this gateway.", ofPool),
    worker503: counter(
      "avatarpool_worker_503_total",
      "Number of 503 responses from workers, by reason: at_capacity or not_ready.",
      [...ofPool, "reason"],
    ),
    overflowErrors: counter(
      "avatarpool_overflow_errors_total",
      "Number of launches that the maker's cloud did not accept, by reason. unclear: the result is unknown.",
      [...ofPool, "reason"],
    ),
  };
}

export function sessionMetrics({ counter, gauge }: Define) {
  return {
    sessionsEnded: counter(
      "avatarpool_sessions_ended_total",
      "Number of ended sessions, by outcome: completed, failed, cancelled, or lost with the worker.",
      [...ofPool, "outcome"],
    ),
    abandonedSessions: counter(
      "avatarpool_abandoned_sessions_total",
      "Number of sessions that the gateway ended because their agent had left.",
      ofPool,
    ),
    reclaimedSlotSeconds: counter(
      "avatarpool_reclaimed_slot_seconds_total",
      "Time for which the slots of abandoned sessions would have stayed taken by the workers' own timeout.",
      ofPool,
    ),
    overflowSessions: gauge(
      "avatarpool_overflow_sessions",
      "Number of sessions in the maker's cloud that this gateway started and that still count.",
      ofPool,
    ),
  };
}
