import { formatDuration } from "../api/duration.ts";
import type { GroupConfig } from "../api/pool-config.ts";
import { CUSTOM_AVATAR, explainSize, type GroupSize, type GroupSupply, type Sizing, sizeGroups } from "../scaling/size.ts";
import { type ShrinkStep, shrink } from "../scaling/victims.ts";
import { addForMaximum, maximum, maximumEndsAtMs, type Window } from "../scaling/window.ts";
import { busyOn, type GroupSnapshot, type RetiredSnapshot, type Snapshot } from "./snapshot.ts";
import type { DeploymentView, PodView } from "./views.ts";
import { WARMUP_SEEN_MS } from "./warmth.ts";

/** What is to be done about a pool now. Data with its reasons: applying it is somebody else's. */
export interface Plan {
  readonly finalizer: "add" | "keep" | "remove";
  readonly groups: readonly GroupPlan[];
  /** Deployments that are to be emptied and removed. */
  readonly retire: readonly RetirePlan[];
  readonly sizing: Sizing;
  readonly decisions: readonly Decision[];
  /** When the world, left alone, would ask for another plan. */
  readonly requeueAfterMs: number | undefined;
}

export type GroupPlan = ScalePlan | { readonly kind: "refused"; readonly config: GroupConfig; readonly why: string };

export interface ScalePlan {
  readonly kind: "scale";
  readonly config: GroupConfig;
  readonly replicas: number;
  readonly step: ShrinkStep;
  /** What the size should have been, to be remembered. */
  readonly wanted: Window;
}

export interface RetirePlan {
  readonly deployment: DeploymentView;
  readonly replicas: number;
  readonly step: ShrinkStep;
  /** Pods whose sessions end now because the drain has taken as long as it may. */
  readonly expired: readonly PodView[];
  /** Nothing is left of it: delete the Deployment. */
  readonly remove: boolean;
}

/** One change of a group's size. */
export interface Decision {
  readonly group: string;
  readonly from: number;
  readonly to: number;
  /** A sentence with the arithmetic. */
  readonly reason: string;
}

const RECHECK_CREDENTIALS_MS = 5_000;
/** What a worker whose drain timed out is given to say goodbye. */
export const EXPIRED_GRACE_SECONDS = 10;

/** Decides. Pure: the same snapshot gives the same plan, and a plan for a world that is as planned changes nothing. */
export function plan(snapshot: Snapshot): Plan {
  if (snapshot.pool.deletedAtMs !== undefined) return planDeletion(snapshot, snapshot.pool.deletedAtMs);

  const supplies = snapshot.groups.map(supplyOf);
  const sizing = sizeGroups(supplies, {
    presets: snapshot.pool.presets.map(({ name }) => name),
    warmSlots: snapshot.pool.warm.slots,
    queued: snapshot.load.queued,
    pressure: snapshot.load.pressure,
  });
  const planned = snapshot.groups.map((group, index) =>
    planGroup(snapshot, group, sizing.groups[index] as GroupSize, supplies[index] as GroupSupply),
  );
  const retire = snapshot.retired.map((retired) => planRetirement(retired, undefined, snapshot.nowMs));
  return {
    finalizer: snapshot.hasFinalizer ? "keep" : "add",
    groups: planned.map(({ group }) => group),
    retire,
    sizing,
    decisions: planned.flatMap(({ decision }) => decision ?? []),
    requeueAfterMs: earliest(
      planned.map(({ requeueAfterMs }) => requeueAfterMs),
      snapshot.credentials.kind === "present" ? undefined : RECHECK_CREDENTIALS_MS,
      // From some moment on that session is counted as a caller's.
      snapshot.groups.some(({ members }) => members.warmupSessions > 0) ? WARMUP_SEEN_MS : undefined,
      snapshot.load.pressureEndsAtMs === undefined ? undefined : snapshot.load.pressureEndsAtMs - snapshot.nowMs,
    ),
  };
}

function supplyOf({ config, members }: GroupSnapshot): GroupSupply {
  const custom = config.engine.customAvatars ? [CUSTOM_AVATAR] : [];
  return {
    name: config.name,
    serves: new Set([...config.presets, ...custom]),
    slotsPerWorker: config.slotsPerWorker,
    min: config.min,
    max: config.max,
    sessions: busyOn(members),
  };
}

interface PlannedGroup {
  readonly group: GroupPlan;
  readonly decision?: Decision;
  readonly requeueAfterMs?: number | undefined;
}

function planGroup(snapshot: Snapshot, group: GroupSnapshot, size: GroupSize, supply: GroupSupply): PlannedGroup {
  const { config, deployment, members } = group;
  if (deployment.kind === "foreign") return { group: { kind: "refused", config, why: deployment.why } };

  const current = deployment.kind === "own" ? deployment.view.replicas : 0;
  const spanMs = snapshot.pool.scaling.scaleDownAfterMs;
  const wanted = addForMaximum(group.wanted, snapshot.nowMs, size.workers, spanMs);
  const target = targetOf(snapshot, size.workers, current, maximum(wanted, snapshot.nowMs, spanMs) ?? size.workers, config);
  const step = shrink(members.workers, current, target.workers);
  const replicas = target.workers >= current ? target.workers : current - step.release.length;
  const scale: GroupPlan = { kind: "scale", config, replicas, step, wanted };
  const requeueAfterMs =
    size.workers < current ? remaining(maximumEndsAtMs(wanted, snapshot.nowMs, spanMs), snapshot.nowMs) : undefined;
  if (replicas === current) return { group: scale, requeueAfterMs };
  const reason =
    replicas > current
      ? `${target.because ?? explainSize(size, supply)}`
      : `${explainSize(size, supply)}, no more than ${target.workers} wanted for ${formatDuration(spanMs)}; gone are ${step.release.map(({ pod }) => pod).join(", ")}, without sessions and cordoned at every gateway`;
  return { group: scale, decision: { group: config.name, from: current, to: replicas, reason }, requeueAfterMs };
}

/** The size to move towards, where something other than demand decides with the reason. */
function targetOf(
  snapshot: Snapshot,
  wanted: number,
  current: number,
  lately: number,
  config: GroupConfig,
): { readonly workers: number; readonly because?: string } {
  const bounded = Math.min(config.max, Math.max(config.min, current));
  // The user's bounds hold whatever the state: a size outside them is moved inside, safely.
  if (snapshot.pool.scaling.paused) return { workers: bounded, because: `paused, at least min ${config.min}` };
  if (snapshot.credentials.kind === "no-secret" || snapshot.credentials.kind === "no-key") {
    // Workers without the secret cannot start: they would only hold GPUs.
    return { workers: Math.min(current, config.max) };
  }
  if (wanted >= current) return { workers: wanted };
  // Without a gateway nobody tells of sessions: an empty world cannot be told from an unseen one.
  if (snapshot.load.gatewaysConnected === 0) return { workers: bounded };
  return { workers: Math.min(bounded, Math.max(wanted, lately)) };
}

function planDeletion(snapshot: Snapshot, deletedAtMs: number): Plan {
  const retire = [
    ...snapshot.groups.flatMap(({ config, deployment, members }) =>
      deployment.kind === "own"
        ? [planRetirement({ deployment: deployment.view, members }, deletedAtMs + config.drainTimeoutMs, snapshot.nowMs)]
        : [],
    ),
    ...snapshot.retired.map((retired) => planRetirement(retired, deletedAtMs + longestDrainMs(snapshot), snapshot.nowMs)),
  ];
  const deadlines = snapshot.groups
    .map(({ config }) => deletedAtMs + config.drainTimeoutMs)
    .filter((atMs) => atMs > snapshot.nowMs);
  return {
    finalizer: snapshot.hasFinalizer && retire.length === 0 ? "remove" : "keep",
    groups: [],
    retire,
    sizing: { groups: [], unmet: new Map() },
    decisions: retire.flatMap(({ deployment, replicas, expired }) =>
      replicas === deployment.replicas
        ? []
        : {
            group: deployment.group,
            from: deployment.replicas,
            to: replicas,
            reason:
              expired.length === 0
                ? "the pool is being deleted; empty workers go first"
                : "the pool is being deleted and the drain timeout has passed",
          },
    ),
    requeueAfterMs: retire.length === 0 ? undefined : earliest(deadlines.map((atMs) => remaining(atMs, snapshot.nowMs))),
  };
}

function longestDrainMs({ pool }: Snapshot): number {
  return Math.max(...pool.groups.map(({ drainTimeoutMs }) => drainTimeoutMs));
}

/** @param deadlineMs when the workers go with their sessions, if ever. */
function planRetirement({ deployment, members }: RetiredSnapshot, deadlineMs: number | undefined, nowMs: number): RetirePlan {
  const nobody: ShrinkStep = { cordon: [], uncordon: [], release: [], waitingFor: "" };
  if (deployment.deleting) return { deployment, replicas: deployment.replicas, step: nobody, expired: [], remove: false };
  const pods = [...members.pods, ...members.terminating];
  if (deadlineMs !== undefined && nowMs >= deadlineMs && pods.length > 0) {
    const expired = pods.filter(({ graceSeconds }) => graceSeconds === undefined || graceSeconds > EXPIRED_GRACE_SECONDS);
    return { deployment, replicas: 0, step: nobody, expired, remove: false };
  }
  const step = shrink(members.workers, deployment.replicas, 0);
  const replicas = deployment.replicas - step.release.length;
  return { deployment, replicas, step, expired: [], remove: deployment.replicas === 0 && pods.length === 0 };
}

function remaining(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs === undefined ? undefined : Math.max(1, atMs - nowMs);
}

function earliest(...times: readonly (number | undefined | readonly (number | undefined)[])[]): number | undefined {
  const known = times.flat().filter((time): time is number => typeof time === "number");
  return known.length === 0 ? undefined : Math.max(1, Math.min(...known));
}
