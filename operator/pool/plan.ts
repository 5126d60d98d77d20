import { formatDuration } from "../api/duration.ts";
import type { GroupConfig } from "../api/pool-config.ts";
import { CUSTOM_AVATAR, explainSize, type GroupSize, type GroupSupply, type Sizing, sizeGroups } from "../scaling/size.ts";
import { noStep, type ShrinkStep, shrink } from "../scaling/victims.ts";
import { addForMaximum, maximum, maximumEndsAtMs, type Window } from "../scaling/window.ts";
import { holdMs, warmFloor } from "./demand.ts";
import { FOREIGN_RECHECK_MS, WATCH_LAG_MS } from "./memory.ts";
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
const ABSENT_RECHECK_MS = 1_000;
/** What a worker whose drain timed out is given to say goodbye. */
export const EXPIRED_GRACE_SECONDS = 10;

/** Decides. Pure: the same snapshot gives the same plan, and a plan for a world that is as planned changes nothing. */
export function plan(snapshot: Snapshot): Plan {
  if (snapshot.pool.deletedAtMs !== undefined) return planDeletion(snapshot, snapshot.pool.deletedAtMs);

  const sizing = sizeGroups(snapshot.groups.map(supplyOf), {
    presets: snapshot.pool.presets.map(({ name }) => name),
    warmSlots: warmFloor(snapshot.pool),
    queued: snapshot.load.queued,
    pressure: snapshot.load.pressure,
  });
  const planned = snapshot.groups.flatMap((group, index) => {
    const size = sizing.groups[index];
    return size === undefined ? [] : planGroup(snapshot, group, size);
  });
  const retire = snapshot.retired.map((retired) => planRetirement(retired, undefined, snapshot.nowMs));
  return {
    // Before the first pod there is nothing to drain.
    finalizer: !snapshot.hasFinalizer && hasPods(snapshot) ? "add" : "keep",
    groups: planned.map(({ group }) => group),
    retire,
    sizing,
    decisions: planned.flatMap(({ decision }) => decision ?? []),
    requeueAfterMs: earliest(
      planned.map(({ requeueAfterMs }) => requeueAfterMs),
      snapshot.credentials.kind === "present" ? undefined : RECHECK_CREDENTIALS_MS,
      // From some moment on that session is counted as a caller's.
      snapshot.groups.some(({ members }) => members.warmupSessions > 0) ? WARMUP_SEEN_MS : undefined,
      [...snapshot.groups, ...snapshot.retired].map(({ members }) => remaining(members.protection.dueMs, snapshot.nowMs)),
      snapshot.load.pressureEndsAtMs === undefined ? undefined : snapshot.load.pressureEndsAtMs - snapshot.nowMs,
    ),
  };
}

function hasPods({ groups }: Snapshot): boolean {
  return groups.some(({ members }) => members.pods.length + members.terminating.length > 0);
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

function planGroup(snapshot: Snapshot, group: GroupSnapshot, size: GroupSize): PlannedGroup {
  const { config, deployment, members } = group;
  if (deployment.kind === "foreign") {
    return { group: { kind: "refused", config, why: deployment.why }, requeueAfterMs: FOREIGN_RECHECK_MS };
  }

  const { nowMs } = snapshot;
  const spanMs = holdMs(snapshot.pool);
  const current = deployment.kind === "own" ? deployment.view.replicas : 0;
  const wanted = addForMaximum(group.wanted, nowMs, size.workers, spanMs);
  const target = targetOf(snapshot, config, size, current, maximum(wanted, nowMs, spanMs) ?? size.workers);
  // Without a gateway what is cordoned stays so: nobody could tell that it is wanted again.
  const stays = snapshot.load.gatewaysConnected === 0 && target.workers === current;
  const step = stays ? noStep : shrink(members.workers, current, target.workers);
  const replicas = target.workers >= current ? target.workers : current - step.release.length - step.unfilled;
  const scale: GroupPlan = { kind: "scale", config, replicas, step, wanted };
  const requeueAfterMs = earliest(
    size.workers < current ? remaining(maximumEndsAtMs(wanted, nowMs, spanMs), nowMs) : undefined,
    // Whether it came to be is seen then, should no watch tell of it.
    deployment.kind === "absent" ? ABSENT_RECHECK_MS : deployment.assumed ? WATCH_LAG_MS : undefined,
  );
  if (replicas === current) return { group: scale, requeueAfterMs };
  const decision = { group: config.name, from: current, to: replicas, reason: `${target.because}${gone(step)}` };
  return { group: scale, decision, requeueAfterMs };
}

/** Who goes, as the end of a sentence. */
function gone({ release, unfilled }: ShrinkStep): string {
  const pods = release.map(({ pod }) => pod).join(", ");
  const released = release.length === 0 ? "" : `; gone are ${pods}, without sessions and cordoned at every gateway`;
  return unfilled === 0 ? released : `${released}; ${unfilled} had no pod`;
}

/** The size to move towards, and why. The user's bounds hold whatever the state: a size outside them is moved inside, safely. */
function targetOf(
  snapshot: Snapshot,
  { min, max }: GroupConfig,
  size: GroupSize,
  current: number,
  lately: number,
): { readonly workers: number; readonly because: string } {
  const bounded = Math.min(max, Math.max(min, current));
  const bounds = `within min ${min} and max ${max}`;
  if (snapshot.pool.scaling.paused) return { workers: bounded, because: `paused, ${bounds}` };
  if (snapshot.credentials.kind === "no-secret" || snapshot.credentials.kind === "no-key") {
    // Workers without the secret cannot start: they would only hold GPUs.
    return { workers: Math.min(current, max), because: `the API secret is missing, so no worker is started; at most max ${max}` };
  }
  const arithmetic = explainSize(size);
  if (size.workers >= current) return { workers: size.workers, because: arithmetic };
  if (snapshot.load.gatewaysConnected === 0) {
    // Nobody tells of sessions: an empty world cannot be told from an unseen one.
    return { workers: bounded, because: `no gateway is connected, so sessions are not known; ${bounds}` };
  }
  const workers = Math.min(bounded, Math.max(size.workers, lately));
  const span = formatDuration(holdMs(snapshot.pool));
  return { workers, because: `${arithmetic}, no more than ${workers} wanted for ${span}` };
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
  if (deployment.deleting) return { deployment, replicas: deployment.replicas, step: noStep, expired: [], remove: false };
  const pods = [...members.pods, ...members.terminating];
  if (deadlineMs !== undefined && nowMs >= deadlineMs && pods.length > 0) {
    const expired = pods.filter(({ graceSeconds }) => graceSeconds === undefined || graceSeconds > EXPIRED_GRACE_SECONDS);
    return { deployment, replicas: 0, step: noStep, expired, remove: false };
  }
  const step = shrink(members.workers, deployment.replicas, 0);
  const replicas = deployment.replicas - step.release.length - step.unfilled;
  return { deployment, replicas, step, expired: [], remove: deployment.replicas === 0 && pods.length === 0 };
}

function remaining(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs === undefined ? undefined : Math.max(1, atMs - nowMs);
}

function earliest(...times: readonly (number | undefined | readonly (number | undefined)[])[]): number | undefined {
  const known = times.flat().filter((time): time is number => typeof time === "number");
  return known.length === 0 ? undefined : Math.max(1, Math.min(...known));
}
