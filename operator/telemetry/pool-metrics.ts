import { type Define, ofPool, seconds } from "./metrics.ts";

const ofGroup = [...ofPool, "group"] as const;

/** The states of `avatarpool_group_workers`. Each worker has one of them. */
export const workerStates = ["unschedulable", "starting", "cold", "warm", "draining"] as const;
export type WorkerStateLabel = (typeof workerStates)[number];

/** The states of `avatarpool_slots`. Each slot has one of them. */
export const slotStates = ["busy", "blocked", "draining", "free"] as const;

/** The stages of `avatarpool_cold_start_duration_seconds`, in order. */
export const coldStartStages = ["schedule", "pull", "create", "load", "warm"] as const;

/** Sessions whose preset no gateway reports. Launches with a custom face image, in a label. No preset has such a name. */
export const UNKNOWN_PRESET = "unknown preset";
export const CUSTOM_AVATARS = "custom avatars";

/** Gauges of a pool. The leading operator sets them from the status that it writes, and removes those of deleted pools. */
export function poolGauges({ gauge }: Define) {
  return {
    condition: gauge("avatarpool_pool_condition", "1 for the status of a condition: True, False or Unknown; 0 for the other two.", [
      ...ofPool,
      "type",
      "status",
    ]),
    desired: gauge("avatarpool_group_desired_replicas", "Number of workers that a group should have.", ofGroup),
    ready: gauge(
      "avatarpool_group_ready_replicas",
      "Number of workers of a group whose pod is Ready, draining ones included.",
      ofGroup,
    ),
    min: gauge("avatarpool_group_min_replicas", "Minimum number of workers of a group, from the spec.", ofGroup),
    max: gauge("avatarpool_group_max_replicas", "Maximum number of workers of a group, from the spec.", ofGroup),
    workers: gauge(
      "avatarpool_group_workers",
      "Number of workers of a group, by state; the states add up. unschedulable: no node. starting: not ready. cold: ready, presets not loaded. warm: takes launches with its presets loaded. draining: takes no more launches, or is being deleted.",
      [...ofGroup, "state"],
    ),
    slots: gauge(
      "avatarpool_slots",
      "Number of slots, by state; the states add up. busy: a session or a launch has it. blocked: the load of an agent's worker blocks it. draining: free, on a worker that takes no more launches. free: can take a launch.",
      [...ofPool, "state"],
    ),
    warmSlots: gauge("avatarpool_warm_slots", "Number of free slots on warm workers that serve a preset.", [...ofPool, "preset"]),
    warmSlotsWanted: gauge(
      "avatarpool_warm_slots_wanted",
      "Number of free slots that the operator wants for a preset. Presets of the same groups share slots.",
      [...ofPool, "preset"],
    ),
    sessions: gauge(
      "avatarpool_sessions",
      `Number of running sessions, by preset. "${UNKNOWN_PRESET}": no gateway that runs now launched them.`,
      [...ofPool, "preset"],
    ),
    queued: gauge("avatarpool_queued_launches", "Number of launches that wait for a slot, over all gateways.", ofPool),
    pressure: gauge(
      "avatarpool_pressure",
      "Number of launches in the last minute that met a full worker, had to wait or were refused.",
      ofPool,
    ),
    objectiveSuccess: gauge(
      "avatarpool_objective_launch_success_ratio",
      "Share of launches that should find a warm slot at once: objective.launchSuccess.",
      ofPool,
    ),
    objectiveStartup: gauge(
      "avatarpool_objective_startup_seconds",
      "Time in seconds within which objective.startup.percentile of the sessions should start: objective.startup.target.",
      ofPool,
    ),
    errorBudget: gauge(
      "avatarpool_error_budget_remaining_ratio",
      "Share of the launches that may miss a warm slot under objective.launchSuccess and have not, at least 0. It covers the last 24 hours, or the time since the operator became the leader if that is shorter.",
      ofPool,
    ),
    forecast: gauge(
      "avatarpool_forecast_slots",
      "Number of free slots that the demand forecast requires, added up over the sets of presets that share groups. Present with warm.slots: auto.",
      ofPool,
    ),
    cost: gauge(
      "avatarpool_cost_per_hour",
      "Cost per hour of the workers that have a node: costPerHour of the spec, added up. Present if the groups have costs.",
      ofPool,
    ),
    budgetUsed: gauge(
      "avatarpool_credits_budget_used_ratio",
      "Credits of the current budget period divided by the budget of the pool.",
      ofPool,
    ),
  };
}

/** Counters and histograms of a pool, counted by the leading operator. */
export function poolCounters({ counter, histogram }: Define) {
  return {
    scaleChanges: counter("avatarpool_scale_changes_total", "Number of changes of a group's size, by direction: up or down.", [
      ...ofGroup,
      "direction",
    ]),
    credits: counter(
      "avatarpool_credits_total",
      "Number of credits that the sessions of a pool cost at the maker, counted by this operator, by mode: self-hosted or cloud.",
      [...ofPool, "mode"],
    ),
    coldStart: histogram(
      "avatarpool_cold_start_duration_seconds",
      "Seconds of each stage of a worker's first start: schedule (until it has a node), pull (of its images, 0 if the node has them), create (the rest until the worker's process starts: volumes, network, models), load (until the worker is ready), warm (until its presets are loaded). Pods report whole seconds. pull and create are missing for a start whose image pulls are unknown.",
      [...ofGroup, "stage"],
      [0.1, 0.5, ...seconds.minutes],
    ),
    drain: histogram(
      "avatarpool_drain_duration_seconds",
      "Seconds from the cordon of a worker, or from its deletion without a cordon, until its pod is gone.",
      ofGroup,
      seconds.minutes,
    ),
  };
}
