import { conditionTypes } from "../../operator/api/conditions.ts";
import { tokens } from "./tokens.ts";

/** An alert, and the facts that its runbook explains. Its runbook is `docs/runbooks/<name>.md`. */
export interface Alert {
  readonly name: string;
  /** critical: it affects callers now. warning: it will affect them, or it needs a person's decision. */
  readonly severity: "critical" | "warning";
  /** How long the expression must hold. */
  readonly for: string;
  readonly expr: string;
  /** What holds, in one line. */
  readonly summary: string;
  /** What it means for callers, and the first step. */
  readonly description: string;
}

const job = `job="${tokens.job}"`;
const perPool = "max by (namespace, pool)";
const POOL = "{{ $labels.namespace }}/{{ $labels.pool }}";
const describePool = "`kubectl -n {{ $labels.namespace }} describe avp {{ $labels.pool }}`";

/** 1 for pools whose condition has the status. */
const condition = (type: string, status: "True" | "False", per = perPool): string =>
  `${per} (avatarpool_pool_condition{${job},type=~"${type}",status="${status}"}) == 1`;

/** A miss ratio above a multiple of what the objective allows. Misses of 90% exceed every multiple, for objectives below 94%. */
const burns = (window: string, factor: number): string =>
  `avatarpool:launch_misses:ratio_rate${window}{${job}} > clamp_max(${factor} * avatarpool:launch_misses:allowed_ratio{${job}}, 0.9)`;

/** Both windows: the long one makes the burn significant, the short one ends the alert soon after the burn. */
const burnsInBoth = (short: string, long: string, factor: number): string => `(${burns(short, factor)} and ${burns(long, factor)})`;

/** A few misses of a pool with little traffic are no burn. */
const enoughMisses = (window: string): string => `avatarpool:launch_misses:increase${window}{${job}} >= ${tokens.minMisses}`;

export const alerts: readonly Alert[] = [
  {
    name: "AvatarPoolLaunchBudgetBurnsFast",
    severity: "critical",
    for: "2m",
    expr: `(${burnsInBoth("5m", "1h", 14.4)} or ${burnsInBoth("30m", "6h", 6)}) and ${enoughMisses("6h")}`,
    summary: `Pool ${POOL} uses its error budget fast: {{ $value | humanizePercentage }} of launches find no warm slot`,
    description: `At this rate, the pool misses objective.launchSuccess for the month within 5 days at most. See ${describePool}.`,
  },
  {
    name: "AvatarPoolLaunchBudgetBurnsSlowly",
    severity: "warning",
    for: "15m",
    expr: `(${burnsInBoth("2h", "1d", 3)} or ${burnsInBoth("6h", "3d", 1)}) and ${enoughMisses("3d")}`,
    summary: `Pool ${POOL} uses its error budget: {{ $value | humanizePercentage }} of launches find no warm slot`,
    description: `At this rate, the pool misses objective.launchSuccess for the month. See ${describePool}.`,
  },
  {
    name: "AvatarPoolNoWarmSlot",
    severity: "critical",
    for: "5m",
    expr: `max by (namespace, pool, preset) (avatarpool_warm_slots{${job}}) == 0 and on (namespace, pool, preset) max by (namespace, pool, preset) (avatarpool_warm_slots_wanted{${job}}) > 0`,
    summary: `Pool ${POOL} has no warm slot for {{ $labels.preset }}`,
    description: `Launches wait until a worker is warm or a session ends. The condition WarmCapacity has the cause: ${describePool}.`,
  },
  {
    name: "AvatarPoolAtMaximum",
    severity: "warning",
    for: "10m",
    expr: `${condition(conditionTypes.atMaximum, "True")} and on (namespace, pool) ${perPool} (avatarpool_pressure{${job}}) > 0`,
    summary: `Pool ${POOL} is at its maximum while launches find no slot`,
    description: `Launches wait or are rejected. Raise max, add a group, or enable overflow. See ${describePool}.`,
  },
  {
    name: "AvatarPoolWorkersUnschedulable",
    severity: "warning",
    for: "10m",
    expr: `max by (namespace, pool, group) (avatarpool_group_workers{${job},state="unschedulable"}) > 0`,
    summary: `{{ $value }} workers of group {{ $labels.group }} of pool ${POOL} have no node`,
    description: `The pool cannot grow in this group. Add nodes, or lower max. See ${describePool}.`,
  },
  {
    name: "AvatarPoolRolloutBlocked",
    severity: "warning",
    for: "15m",
    expr: condition(conditionTypes.rolloutBlocked, "True"),
    summary: `A rollout of pool ${POOL} is stopped`,
    description: `The remaining workers serve the previous revision. The condition RolloutBlocked has the cause: ${describePool}.`,
  },
  {
    name: "AvatarPoolCredentialsInvalid",
    severity: "critical",
    for: "2m",
    expr: condition(
      `${conditionTypes.credentialsValid}|${conditionTypes.secretsUsable}`,
      "False",
      "max by (namespace, pool, type)",
    ),
    summary: `A Secret of pool ${POOL} is missing, incomplete or rejected`,
    description: `Workers or launches are refused. The condition {{ $labels.type }} names the Secret: ${describePool}.`,
  },
  {
    name: "AvatarPoolAccountLimit",
    severity: "warning",
    for: "5m",
    expr: condition(conditionTypes.accountLimit, "True"),
    summary: `Pool ${POOL} has reached the session limit or the credits of the maker's account`,
    description: `Further launches wait. More workers do not help. The condition AccountLimit has the cause: ${describePool}.`,
  },
  {
    name: "AvatarPoolCreditBudget",
    severity: "warning",
    for: "5m",
    expr: `${perPool} (avatarpool_credits_budget_used_ratio{${job}}) > ${tokens.creditsUsed}`,
    summary: `Pool ${POOL} has used {{ $value | humanizePercentage }} of its credit budget`,
    description: `Beyond the budget, launches may no longer overflow to the maker's cloud. See ${describePool}.`,
  },
  {
    name: "AvatarPoolGatewayNotServing",
    severity: "critical",
    for: "2m",
    expr: `max by (namespace) (avatarpool_gateways_connected{${job}}) == 0 and on (namespace) max by (namespace) (avatarpool_leader{${job}}) == 1`,
    summary: "The operator in namespace {{ $labels.namespace }} reaches no gateway",
    description: "No gateway runs, and launches fail. Or the operator cannot reach them, and no pool changes its size by demand.",
  },
  {
    name: "AvatarPoolNoLeader",
    severity: "critical",
    for: "2m",
    expr: `max by (job) (avatarpool_leader{${job}}) == 0 or absent(avatarpool_leader{${job}})`,
    summary: "No operator of {{ $labels.job }} leads",
    description: "Gateways keep serving, but no pool grows, shrinks or reports. Or Prometheus does not scrape the operator.",
  },
];
