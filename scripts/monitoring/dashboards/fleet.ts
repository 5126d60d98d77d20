import * as units from "@grafana/grafana-foundation-sdk/units";
import { type ConditionType, conditionTypes as types } from "../../../operator/api/conditions.ts";
import { missRatio } from "../launch-success.ts";
import { board, CHOSEN_POOLS } from "./board.ts";
import { gpuRow } from "./gpu.ts";
import { lines, numbers, rows } from "./panels.ts";
import { gauge, perSecond, quantile } from "./promql.ts";
import { startupRow } from "./startup.ts";

const POOL = "namespace, pool";
const GROUP = "namespace, pool, group";
const pool = "{{namespace}}/{{pool}}";
const group = `${pool} {{group}}`;
const install = 'job="$job"';

const ofPool = (metric: string) => gauge(POOL, metric, CHOSEN_POOLS);
const ofGroup = (metric: string) => gauge(GROUP, metric, CHOSEN_POOLS);
const launches = { where: CHOSEN_POOLS, per: POOL };
const objective = ofPool("avatarpool_objective_launch_success_ratio");
const burnRate = (range: string) => `(${missRatio(launches, range)}) / on (${POOL}) (1 - ${objective})`;

/** Conditions that should be True, if a pool has them, and conditions that should be False. */
const bad = [types.atMaximum, types.rolloutBlocked, types.accountLimit, types.paused];
const good = Object.values(types).filter((type) => !bad.some((one) => one === type));

const conditions = (status: "True" | "False", of: readonly ConditionType[]) =>
  `${gauge(`${POOL}, type`, "avatarpool_pool_condition", `${CHOSEN_POOLS},status="${status}",type=~"${of.join("|")}"`)} == 1`;

const objectiveRow = [
  numbers({
    title: "Launches that find a warm slot",
    description: "In the dashboard's time range. Repeats and errors of clients do not count.",
    unit: units.PercentUnit,
    queries: [{ expr: `1 - (${missRatio(launches, "$__range")})`, legend: pool }],
  }),
  numbers({
    title: "Objective",
    description: "objective.launchSuccess of the pool.",
    unit: units.PercentUnit,
    queries: [{ expr: objective, legend: pool }],
  }),
  numbers({
    title: "Error budget left",
    description: "Of the last 24 hours, or of the time since the operator became the leader.",
    unit: units.PercentUnit,
    queries: [{ expr: ofPool("avatarpool_error_budget_remaining_ratio"), legend: pool }],
  }),
  rows({
    title: "Conditions that need attention",
    width: 6,
    queries: [{ expr: `${conditions("False", good)} or ${conditions("True", bad)}`, legend: `${pool} {{type}}` }],
  }),
  lines({
    title: "Burn rate of the error budget",
    description: "1 uses exactly the budget. The alerts fire above 14.4 (1 hour) and 6 (6 hours).",
    width: 12,
    queries: [
      { expr: burnRate("1h"), legend: `${pool} 1h` },
      { expr: burnRate("6h"), legend: `${pool} 6h` },
    ],
  }),
  lines({
    title: "Start-up time",
    description: "95% of sessions start within this time. The target is objective.startup.target.",
    unit: units.Seconds,
    width: 12,
    queries: [
      {
        expr: quantile(0.95, POOL, "avatarpool_startup_duration_seconds", CHOSEN_POOLS, "10m"),
        legend: `${pool} p95`,
        exemplars: true,
      },
      { expr: ofPool("avatarpool_objective_startup_seconds"), legend: `${pool} target` },
    ],
  }),
];

const capacityRow = [
  lines({
    title: "Warm slots and sessions",
    description: "Warm slots of the preset that has the fewest. Wanted: of the preset that requires the most.",
    queries: [
      { expr: `sum by (${POOL}) (${gauge(`${POOL}, preset`, "avatarpool_sessions", CHOSEN_POOLS)})`, legend: `${pool} sessions` },
      { expr: `min by (${POOL}) (avatarpool_warm_slots{${CHOSEN_POOLS}})`, legend: `${pool} warm` },
      { expr: ofPool("avatarpool_warm_slots_wanted"), legend: `${pool} wanted` },
    ],
  }),
  lines({
    title: "Slots by state",
    stacked: true,
    queries: [{ expr: `sum by (state) (${gauge(`${POOL}, state`, "avatarpool_slots", CHOSEN_POOLS)})`, legend: "{{state}}" }],
  }),
  lines({
    title: "Workers by state",
    stacked: true,
    queries: [
      { expr: `sum by (state) (${gauge(`${GROUP}, state`, "avatarpool_group_workers", CHOSEN_POOLS)})`, legend: "{{state}}" },
    ],
  }),
  lines({
    title: "Size of the groups",
    queries: [
      { expr: ofGroup("avatarpool_group_desired_replicas"), legend: `${group} desired` },
      { expr: ofGroup("avatarpool_group_ready_replicas"), legend: `${group} ready` },
      { expr: ofGroup("avatarpool_group_min_replicas"), legend: `${group} min` },
      { expr: ofGroup("avatarpool_group_max_replicas"), legend: `${group} max` },
    ],
  }),
  lines({
    title: "Pressure",
    description: "Launches of the last minute that met a full worker, waited or were rejected.",
    queries: [{ expr: ofPool("avatarpool_pressure"), legend: pool }],
  }),
  lines({ title: "Queued launches", queries: [{ expr: ofPool("avatarpool_queued_launches"), legend: pool }] }),
  lines({
    title: "Launches by path",
    unit: "launches/s",
    stacked: true,
    queries: [{ expr: perSecond("path", "avatarpool_launches_total", `${CHOSEN_POOLS},outcome="served"`), legend: "{{path}}" }],
  }),
  lines({
    title: "Launches without a session",
    unit: "launches/s",
    stacked: true,
    queries: [
      { expr: perSecond("outcome", "avatarpool_launches_total", `${CHOSEN_POOLS},outcome!="served"`), legend: "{{outcome}}" },
    ],
  }),
  lines({
    title: "Free slots that the forecast requires",
    description: "Of pools with warm.slots: auto.",
    queries: [{ expr: ofPool("avatarpool_forecast_slots"), legend: pool }],
  }),
];

const workersRow = [
  lines({
    title: "Drain of a worker, p95",
    unit: units.Seconds,
    queries: [{ expr: quantile(0.95, GROUP, "avatarpool_drain_duration_seconds", CHOSEN_POOLS, "1h"), legend: group }],
  }),
  lines({
    title: "Changes of size per hour",
    queries: [
      {
        expr: `sum by (${POOL}, direction) (increase(avatarpool_scale_changes_total{${CHOSEN_POOLS}}[1h]))`,
        legend: `${pool} {{direction}}`,
      },
    ],
  }),
];

const costRow = [
  lines({
    title: "Cost per hour",
    description: "Of pools whose groups have costPerHour.",
    queries: [{ expr: ofPool("avatarpool_cost_per_hour"), legend: pool }],
  }),
  lines({
    title: "Credits per hour",
    queries: [
      { expr: `3600 * sum by (${POOL}, mode) (rate(avatarpool_credits_total{${CHOSEN_POOLS}}[1h]))`, legend: `${pool} {{mode}}` },
    ],
  }),
  lines({
    title: "Used share of the credit budget",
    unit: units.PercentUnit,
    queries: [{ expr: ofPool("avatarpool_credits_budget_used_ratio"), legend: pool }],
  }),
];

const controlPlaneRow = [
  numbers({
    title: "Leaders and connected gateways",
    queries: [
      { expr: `sum(avatarpool_leader{${install}})`, legend: "leaders" },
      { expr: `max(avatarpool_gateways_connected{${install}})`, legend: "gateways" },
    ],
  }),
  numbers({
    title: "Processes by version",
    queries: [{ expr: `count by (version) (avatarpool_build_info{${install}})`, legend: "{{version}}" }],
  }),
  lines({
    title: "From pressure to a larger Deployment, p95",
    unit: units.Seconds,
    width: 12,
    queries: [{ expr: quantile(0.95, "", "avatarpool_pressure_to_patch_duration_seconds", install, "1h"), legend: "p95" }],
  }),
  lines({
    title: "Reconciles by outcome",
    unit: "reconciles/s",
    width: 6,
    queries: [
      { expr: perSecond("controller, outcome", "avatarpool_reconciles_total", install), legend: "{{controller}} {{outcome}}" },
    ],
  }),
  lines({
    title: "Keys that wait for a reconcile",
    width: 6,
    queries: [{ expr: `sum by (name) (workqueue_depth{${install}})`, legend: "{{name}}" }],
  }),
  lines({
    title: "Wait for a reconcile, p99",
    unit: units.Seconds,
    width: 6,
    queries: [{ expr: quantile(0.99, "name", "workqueue_queue_duration_seconds", install, "10m"), legend: "{{name}}" }],
  }),
  lines({
    title: "Duration of a reconcile, p99",
    unit: units.Seconds,
    width: 6,
    queries: [{ expr: quantile(0.99, "name", "workqueue_work_duration_seconds", install, "10m"), legend: "{{name}}" }],
  }),
];

export const fleetDashboard = (): string =>
  board({
    uid: "avatarpool-fleet",
    title: "AvatarPool / Fleet",
    description: "Objective, start-up, capacity, cost and GPUs of the pools.",
    variables: [],
    rows: {
      Objective: objectiveRow,
      "Start-up": startupRow,
      Capacity: capacityRow,
      Workers: workersRow,
      Cost: costRow,
      GPUs: gpuRow,
      "Control plane": controlPlaneRow,
    },
  });
