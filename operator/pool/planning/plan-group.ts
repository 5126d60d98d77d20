import type { GroupConfig } from "../../api/pool-config.ts";
import { type ChosenTemplate, chooseTemplate } from "../../resources/worker-template.ts";
import { removeDrained } from "../../scaling/drained.ts";
import type { NodeOutlook, NodeShortage } from "../../scaling/nodes.ts";
import { explainSize, type GroupSize, sizeWithoutDrained } from "../../scaling/size.ts";
import { growthLimit } from "../../scaling/step.ts";
import { shrinkStopped, surgePods } from "../../scaling/stopped-rollout.ts";
import { type Target, targetSize } from "../../scaling/target.ts";
import { noStep, type ShrinkStep, shrink, waitForRollout, waitForView } from "../../scaling/victims.ts";
import { addForMaximum, maximum, maximumEndsAtMs, type Window } from "../../scaling/window.ts";
import { earliest, FOREIGN_RECHECK_MS, remaining, WATCH_LAG_MS } from "../delays.ts";
import { type GroupSnapshot, isHeld, type Snapshot } from "../snapshot.ts";
import { listed } from "../wording.ts";
import { type DecisionInputs, type DecisionRecord, outcomeOf, type SizingBasis } from "./decision.ts";
import { isFresh, type Rollout, rolloutOf } from "./rollout.ts";

const ABSENT_RECHECK_MS = 1_000;

export type GroupPlan = ScalePlan | { readonly kind: "refused"; readonly config: GroupConfig; readonly why: string };

export interface ScalePlan {
  readonly kind: "scale";
  readonly config: GroupConfig;
  readonly replicas: number;
  readonly step: ShrinkStep;
  readonly rollout: Rollout;
  readonly template: ChosenTemplate;
  readonly wanted: Window;
  readonly shortage: NodeShortage | undefined;
}

export interface PlannedGroup {
  readonly group: GroupPlan;
  readonly record?: DecisionRecord;
  readonly requeueAfterMs?: number | undefined;
}

/** Inputs of a group's size beside the snapshot. */
export interface GroupWish {
  readonly size: GroupSize;
  readonly outlook: NodeOutlook;
  readonly deficit: number;
  /** The reason for the warm buffer, as a clause; may be empty. */
  readonly because: string;
  readonly holdMs: number;
  /** What the sizes of all groups were computed from. */
  readonly basis: Pick<SizingBasis, "demand" | "supplies">;
}

/** Moves a group towards its target size: up at once, down by the safe path. */
export function planGroup(snapshot: Snapshot, group: GroupSnapshot, wish: GroupWish): PlannedGroup {
  const { config, deployment } = group;
  if (deployment.kind === "foreign") {
    return { group: { kind: "refused", config, why: deployment.why }, requeueAfterMs: FOREIGN_RECHECK_MS };
  }

  const standing = deployment.kind === "own" ? deployment.view.standing : undefined;
  const template = chooseTemplate(group.rendered, standing, config.spec.rollout.onUpgrade);
  if (template === undefined) return { group: { kind: "refused", config, why: group.rendered.refused ?? "" } };

  const { nowMs } = snapshot;
  const { size, outlook, holdMs } = wish;
  const current = deployment.kind === "own" ? deployment.view.replicas : 0;
  const wanted = addForMaximum(group.wanted, nowMs, size.workers, holdMs);
  const inputs = inputsOf(snapshot, group, wish, current, maximum(wanted, nowMs, holdMs) ?? size.workers);
  const fixed = fixedTarget(snapshot, config, wish, current);
  const target = fixed ?? targetSize({ size, because: wish.because, ...inputs });
  const wantedBefore = maximum(group.wanted, nowMs, holdMs) ?? 0;
  const rollout = rolloutOf(snapshot, group);
  const step = drainStep(snapshot, group, stepTo(snapshot, group, current, target.workers, rollout), {
    ...{ size, inputs, rollout, current },
    target: target.workers,
    fixed: fixed !== undefined,
  });
  const replicas = target.workers > current ? target.workers : current - step.lowerBy;
  const record: DecisionRecord = {
    atMs: nowMs,
    group: config.name,
    from: current,
    to: replicas,
    inputs,
    basis: { ...wish.basis, wantedBefore, fixed: fixed?.workers },
    arithmetic: explainSize(size),
    outcome: outcomeOf(current, replicas),
    reason: replicas === current ? `unchanged: ${whyKept(target, step, current)}` : `${target.because}${gone(step)}`,
  };
  return {
    group: { kind: "scale", config, replicas, step, rollout, template, wanted, shortage: outlook.shortage },
    record,
    requeueAfterMs: earliest(
      size.workers < current ? remaining(maximumEndsAtMs(wanted, nowMs, holdMs), nowMs) : undefined,
      remaining(outlook.dueMs, nowMs),
      rollout.kind === "under-way" ? remaining(rollout.lookAtMs, nowMs) : undefined,
      // Checks the result then, in case no watch event arrives.
      recheckMs(snapshot, group),
    ),
  };
}

function recheckMs(snapshot: Snapshot, { config, deployment }: GroupSnapshot): number | undefined {
  if (deployment.kind === "absent") return isHeld(snapshot, config) ? undefined : ABSENT_RECHECK_MS;
  return deployment.kind === "own" && deployment.assumed ? WATCH_LAG_MS : undefined;
}

function inputsOf(
  { pool }: Snapshot,
  { members }: GroupSnapshot,
  { size, outlook, deficit, holdMs }: GroupWish,
  current: number,
  wantedLately: number,
): DecisionInputs {
  const { supply, queued, buffer } = size;
  const { sessions, blocked = 0, drained = 0, slotsPerWorker, min, max, lost } = supply;
  return {
    sessions,
    blocked,
    queued,
    buffer,
    deficit,
    slotsPerWorker,
    min,
    max,
    unschedulable: members.pods.filter((pod) => pod.unschedulable !== undefined).length,
    nodeAllowance: outlook.shortage?.allowance,
    terminating: members.terminating.length,
    unseen: Math.max(0, current - members.pods.length),
    lost,
    drained,
    maxStep: growthLimit(pool.scaling.maxStep, current, members.pods.length) - current,
    holdMs,
    wantedLately,
  };
}

function stepTo(snapshot: Snapshot, group: GroupSnapshot, current: number, target: number, rollout: Rollout): ShrinkStep {
  const { config, deployment, members } = group;
  // Without a gateway there is no load, and so no reason to uncordon a worker.
  if (snapshot.load.gatewaysConnected === 0 && target === current) return noStep;
  if (target < current && snapshot.unseenWorkers > 0) return waitForView(snapshot.unseenWorkers);
  if (rollout.kind === "under-way" && target > 0 && target < current) return waitForRollout;
  const newest = members.pods.find((pod) => isFresh(group, pod))?.revision;
  // Without workers of the new template there is one ReplicaSet to shrink, and every worker is a candidate.
  if (rollout.kind !== "blocked" || newest === undefined || target === 0)
    return shrink(members.workers, current, target, deployment.kind === "own" && deployment.view.oneReplicaSet);
  return shrinkStopped(members.workers, current, target, newest, (replicas) => surgePods(config.spec.rollout.maxSurge, replicas));
}

interface DrainContext {
  readonly size: GroupSize;
  readonly inputs: DecisionInputs;
  readonly rollout: Rollout;
  readonly current: number;
  readonly target: number;
  /** The demand does not decide the target. */
  readonly fixed: boolean;
}

/** The step with the workers that a user drains: they stay cordoned, and leave once they are idle. */
function drainStep(snapshot: Snapshot, { config, members }: GroupSnapshot, step: ShrinkStep, context: DrainContext): ShrinkStep {
  const { size, inputs, rollout, current, target, fixed } = context;
  if (inputs.drained === 0) return step;
  const kept = { ...step, uncordon: step.uncordon.filter(({ drainRequested }) => drainRequested !== true) };
  // Without a gateway no session is reported.
  if (target < current || snapshot.load.gatewaysConnected === 0 || isHeld(snapshot, config)) return kept;
  const keepsSize = fixed || target > current || size.atMaximum || size.supply.nodes !== undefined || rollout.kind !== "none";
  const enough = Math.max(sizeWithoutDrained(size), inputs.wantedLately - inputs.drained);
  return removeDrained(kept, members.workers, current, keepsSize ? undefined : enough);
}

/**
 * The target size if the demand does not decide it, with the reason. It is always within min and max of the group; a size outside
 * moves inside by the safe path.
 */
function fixedTarget(snapshot: Snapshot, config: GroupConfig, { size }: GroupWish, current: number): Target | undefined {
  const { min, max } = config;
  const bounded = Math.min(max, Math.max(min, current));
  const bounds = `within min ${min} and max ${max}`;
  if (isHeld(snapshot, config)) return { workers: current, because: "the API server rejects changes of its Deployment" };
  if (snapshot.pool.scaling.paused) return { workers: bounded, because: `paused, ${bounds}` };
  if (snapshot.credentials.kind === "no-secret" || snapshot.credentials.kind === "no-key") {
    // Workers without the Secret cannot start: they would only occupy GPUs.
    return { workers: Math.min(current, max), because: `the API secret is missing, so no worker is started; at most max ${max}` };
  }
  if (size.workers < current && snapshot.load.gatewaysConnected === 0) {
    // Without a gateway no session is reported: an idle pool cannot be distinguished from a busy one.
    return { workers: bounded, because: `no gateway is connected, so the number of sessions is unknown; ${bounds}` };
  }
  return undefined;
}

function whyKept({ workers, because }: Target, step: ShrinkStep, current: number): string {
  return workers < current && step.waitingFor !== "" ? `${because}; waiting for ${step.waitingFor}` : because;
}

/** The removed workers, as the last clause of a sentence. */
function gone({ release, unfilled }: ShrinkStep): string {
  const released = release.length === 0 ? "" : `; removed idle workers ${listed(release.map(({ pod }) => pod))}`;
  return unfilled === 0 ? released : `${released}; ${unfilled} replicas had no pod`;
}
