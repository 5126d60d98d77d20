import * as units from "@grafana/grafana-foundation-sdk/units";
import { board, CHOSEN_POOLS, choice } from "./board.ts";
import { lines } from "./panels.ts";
import { perSecond, quantile } from "./promql.ts";

const chosen = `${CHOSEN_POOLS},pod=~"$pod"`;
const process = 'job="$job",pod=~"$pod"';

const launchesRow = [
  lines({
    title: "Launches by gateway",
    unit: "launches/s",
    stacked: true,
    queries: [{ expr: perSecond("pod", "avatarpool_launches_total", chosen), legend: "{{pod}}" }],
  }),
  lines({
    title: "Launches by outcome",
    unit: "launches/s",
    stacked: true,
    queries: [{ expr: perSecond("outcome", "avatarpool_launches_total", chosen), legend: "{{outcome}}" }],
  }),
  lines({
    title: "Sessions by path",
    unit: "launches/s",
    stacked: true,
    queries: [{ expr: perSecond("path", "avatarpool_launches_total", `${chosen},outcome="served"`), legend: "{{path}}" }],
  }),
  lines({
    title: "Start-up time",
    description: "From the arrival of a launch until its session runs.",
    unit: units.Seconds,
    queries: [0.5, 0.95, 0.99].map((q) => ({
      expr: quantile(q, "", "avatarpool_startup_duration_seconds", chosen, "10m"),
      legend: `p${q * 100}`,
      exemplars: true,
    })),
  }),
  lines({
    title: "Stages of a launch, p95",
    unit: units.Seconds,
    queries: [{ expr: quantile(0.95, "stage", "avatarpool_launch_stage_duration_seconds", chosen, "10m"), legend: "{{stage}}" }],
  }),
  lines({
    title: "Until the video track is published, p95",
    description: "Requires the LiveKit webhook.",
    unit: units.Seconds,
    queries: [{ expr: quantile(0.95, "path", "avatarpool_track_published_duration_seconds", chosen, "10m"), legend: "{{path}}" }],
  }),
];

const queueRow = [
  lines({
    title: "Queued launches",
    stacked: true,
    queries: [{ expr: `sum by (pod) (avatarpool_gateway_queued_launches{${chosen}})`, legend: "{{pod}}" }],
  }),
  lines({
    title: "Wait for a slot",
    unit: units.Seconds,
    queries: [0.5, 0.95].map((q) => ({
      expr: quantile(q, "", "avatarpool_queue_duration_seconds", chosen, "10m"),
      legend: `p${q * 100}`,
    })),
  }),
  lines({
    title: "503 responses of workers",
    unit: "responses/s",
    queries: [{ expr: perSecond("reason", "avatarpool_worker_503_total", chosen), legend: "{{reason}}" }],
  }),
];

const sessionsRow = [
  lines({
    title: "Ended sessions",
    unit: "sessions/s",
    stacked: true,
    queries: [{ expr: perSecond("outcome", "avatarpool_sessions_ended_total", chosen), legend: "{{outcome}}" }],
  }),
  lines({
    title: "Abandoned sessions",
    description: "Sessions that gateways ended, and the time for which they would have kept their slots.",
    queries: [
      { expr: `sum(increase(avatarpool_abandoned_sessions_total{${chosen}}[1h]))`, legend: "sessions per hour" },
      { expr: `sum(increase(avatarpool_reclaimed_slot_seconds_total{${chosen}}[1h])) / 60`, legend: "slot minutes per hour" },
    ],
  }),
  lines({
    title: "Sessions in the maker's cloud",
    queries: [{ expr: `sum by (namespace, pool) (avatarpool_overflow_sessions{${chosen}})`, legend: "{{namespace}}/{{pool}}" }],
  }),
  lines({
    title: "Launches that the maker's cloud did not accept",
    unit: "launches/s",
    queries: [{ expr: perSecond("reason", "avatarpool_overflow_errors_total", chosen), legend: "{{reason}}" }],
  }),
];

const processRow = [
  lines({
    title: "Resident memory",
    unit: units.BytesIEC,
    queries: [{ expr: `process_resident_memory_bytes{${process}}`, legend: "{{pod}}" }],
  }),
  lines({
    title: "Processor cores in use",
    queries: [{ expr: `rate(process_cpu_seconds_total{${process}}[$__rate_interval])`, legend: "{{pod}}" }],
  }),
  lines({
    title: "Delay of the event loop, p99",
    unit: units.Seconds,
    queries: [{ expr: `nodejs_eventloop_lag_p99_seconds{${process}}`, legend: "{{pod}}" }],
  }),
  lines({
    title: "Requests to the API server",
    unit: "requests/s",
    queries: [{ expr: perSecond("method, code", "rest_client_requests_total", process), legend: "{{method}} {{code}}" }],
  }),
  lines({
    title: "Latency of the API server, p99",
    unit: units.Seconds,
    queries: [{ expr: quantile(0.99, "method", "rest_client_request_duration_seconds", process, "10m"), legend: "{{method}}" }],
  }),
  lines({
    title: "Restarts of watches per hour",
    queries: [
      {
        // Zero instead of an empty panel: the series of a watch begins with its first restart.
        expr: `sum by (kind, cause) (increase(avatarpool_watch_restarts_total{${process}}[1h])) or on () vector(0)`,
        legend: "{{kind}} {{cause}}",
      },
    ],
  }),
];

export const gatewayDashboard = (): string =>
  board({
    uid: "avatarpool-gateway",
    title: "AvatarPool / Gateway",
    description: "Launches, queue, sessions and processes of single gateways.",
    variables: [choice("pod", 'label_values(avatarpool_gateway_queued_launches{job="$job"}, pod)')],
    rows: { Launches: launchesRow, Queue: queueRow, Sessions: sessionsRow, Process: processRow },
  });
