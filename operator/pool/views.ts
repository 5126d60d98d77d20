import type { V1ContainerStatus, V1Deployment, V1DeploymentStatus, V1ObjectMeta, V1Pod } from "@kubernetes/client-node";
import { isOfGroup, POD_TEMPLATE_HASH } from "../api/membership.ts";
import { annotations, labels, WARM_GATE, WORKER_CONTAINER } from "../api/names.ts";
import { type PoolConfig, resolvePool, stillApplies } from "../api/pool-config.ts";
import { type AvatarPoolSpec, type AvatarPoolStatus, avatarPoolSchema, poolHeadSchema } from "../api/v1alpha1/index.ts";
import type { Json } from "../kube/types.ts";
import { type HeldBack, parseHeldBack } from "../resources/held-back.ts";
import type { PodMarks } from "../resources/marks.ts";
import { parseRecord, type TemplateRecord } from "../resources/worker-template.ts";
import { hideSecrets } from "../workers/hide-secrets.ts";
import { type PodEnd, podEnd } from "./pod-end.ts";
import { REVISION } from "./replica-sets.ts";
import { type Starting, startingOf } from "./slow-starts/starting.ts";
import { timeMs } from "./time.ts";

/** The watched objects as decisions read them: flat, and small, because the operator stores ten thousand pods. */

export interface PoolView {
  readonly config: PoolConfig;
  readonly status: AvatarPoolStatus | undefined;
  readonly hasFinalizer: boolean;
  /** Absent for a pool that exists in a file only. */
  readonly spec?: AvatarPoolSpec;
}

export interface DeploymentView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** UID of the pool that owns it, if one does. */
  readonly ownerUid: string | undefined;
  readonly pool: string;
  readonly group: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly replicas: number;
  /** Hash of the template of its new pods. */
  readonly template: string;
  /** The record of that template; undefined if it is missing or too large. */
  readonly standing: TemplateRecord | undefined;
  /** Revision number of the current template, as the Deployment controller counts it. */
  readonly revision: string | undefined;
  /** The controller has observed the current spec, and no ReplicaSet of another template requests pods. */
  readonly oneReplicaSet: boolean;
  readonly heldBack: HeldBack | undefined;
  /** Why the controller cannot create pods, or has given up a rollout. */
  readonly stalled: string | undefined;
  readonly deleting: boolean;
  /** A quota or an admission check rejects its pods. */
  readonly refused: { readonly sinceMs: number; readonly why: string } | undefined;
}

export interface PodView extends PodMarks {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly pool: string;
  readonly group: string;
  readonly engine: string;
  readonly revision: string;
  /** Hash of its template. */
  readonly template: string;
  readonly createdAtMs: number;
  readonly deleting: boolean;
  /** Grace period in seconds from its deletion; undefined unless it is being deleted. */
  readonly graceSeconds: number | undefined;
  /** End of the grace period, when remaining sessions end too. */
  readonly endsAtMs: number | undefined;
  readonly ip: string | undefined;
  readonly scheduled: boolean;
  /** When it got its node. */
  readonly scheduledAtMs: number | undefined;
  /** Why the scheduler has found no node. */
  readonly unschedulable: string | undefined;
  readonly running: boolean;
  /** The worker's probes succeed. */
  readonly containersReady: boolean;
  /** When they last began to succeed; undefined unless they do. */
  readonly readyAtMs: number | undefined;
  readonly ready: boolean;
  /** When the warm gate became True; undefined unless it is True. */
  readonly warmSinceMs: number | undefined;
  /** When the worker's process last started. */
  readonly startedAtMs: number | undefined;
  /** It has started more than once. */
  readonly restarted: boolean;
  /** A user drains it. */
  readonly drainRequested: boolean;
  readonly problem: PodProblem | undefined;
  /** Its phase is Failed or Succeeded: its ReplicaSet ignores it, and it is no worker. */
  readonly end: PodEnd | undefined;
  /** It has a node and has not started. */
  readonly starting: Starting | undefined;
}

/** Why a pod does not run, as the kubelet reports it. */
export interface PodProblem {
  readonly reason: string;
  readonly message: string;
}

/**
 * @param before the view of an older version: its config is kept where it still applies.
 * @throws ZodError if the object does not match the schema; the API server rejects such objects.
 */
export function poolView(raw: object, finalizer: string, before?: PoolView): PoolView {
  const head = poolHeadSchema.parse(raw);
  const known = before !== undefined && stillApplies(before.config, head) ? before : specOf(raw);
  return { ...known, status: head.status, hasFinalizer: head.metadata.finalizers?.includes(finalizer) ?? false };
}

function specOf(raw: object): Pick<PoolView, "config" | "spec"> {
  const pool = avatarPoolSchema.parse(raw);
  return { config: resolvePool(pool), spec: pool.spec };
}

export function deploymentView({ metadata = {}, spec, status }: Json<V1Deployment>): DeploymentView {
  const stalled = status?.conditions?.find(
    ({ type, status: holds }) => (type === "ReplicaFailure" && holds === "True") || (type === "Progressing" && holds === "False"),
  );
  const failure = status?.conditions?.find(({ type, status: holds }) => type === "ReplicaFailure" && holds === "True");
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    ownerUid: metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid,
    pool: metadata.labels?.[labels.pool] ?? "",
    group: metadata.labels?.[labels.group] ?? "",
    generation: metadata.generation ?? 0,
    resourceVersion: metadata.resourceVersion ?? "",
    replicas: spec?.replicas ?? 1,
    template: spec?.template?.metadata?.annotations?.[annotations.template] ?? "",
    standing: parseRecord(metadata.annotations),
    revision: metadata.annotations?.[REVISION],
    oneReplicaSet: hasOneReplicaSet(metadata, status),
    heldBack: parseHeldBack(metadata.annotations?.[annotations.heldBack]),
    stalled: stalled?.message === undefined ? undefined : hideSecrets(stalled.message),
    deleting: metadata.deletionTimestamp !== undefined,
    refused: failure && { sinceMs: timeMs(failure.lastTransitionTime) ?? 0, why: hideSecrets(failure.message ?? "") },
  };
}

/** Source: `DeploymentComplete` and `syncRolloutStatus` in Kubernetes `pkg/controller/deployment`. Scaling leaves a complete rollout complete. */
function hasOneReplicaSet(
  { generation = 0, annotations: noted }: Json<V1ObjectMeta>,
  status: Json<V1DeploymentStatus> = {},
): boolean {
  if ((status.observedGeneration ?? 0) < generation) return false;
  const progress = status.conditions?.find(({ type }) => type === "Progressing");
  return noted?.[REVISION] === "1" || progress?.reason === "NewReplicaSetAvailable";
}

/** The view of a pod; undefined unless a ReplicaSet of the worker group in its labels owns it. */
export function podView(pod: Json<V1Pod>): PodView | undefined {
  if (!isOfGroup(pod)) return undefined;
  const { metadata = {}, spec, status } = pod;
  const condition = (type: string) => status?.conditions?.find((candidate) => candidate.type === type);
  const scheduled = condition("PodScheduled");
  const warm = condition(WARM_GATE);
  const containersReady = condition("ContainersReady");
  const worker = status?.containerStatuses?.find(({ name }) => name === WORKER_CONTAINER);
  const cordonedAtMs = timeMs(metadata.annotations?.[annotations.cordoned]);
  const createdAtMs = timeMs(metadata.creationTimestamp) ?? 0;
  const drain = metadata.annotations?.[annotations.drain];
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    pool: metadata.labels?.[labels.pool] ?? "",
    group: metadata.labels?.[labels.group] ?? "",
    engine: metadata.labels?.[labels.engine] ?? "",
    revision: metadata.labels?.[POD_TEMPLATE_HASH] ?? "",
    template: metadata.annotations?.[annotations.template] ?? "",
    createdAtMs,
    deleting: metadata.deletionTimestamp !== undefined,
    graceSeconds: metadata.deletionGracePeriodSeconds,
    endsAtMs: timeMs(metadata.deletionTimestamp),
    ip: status?.podIP,
    scheduled: spec?.nodeName !== undefined,
    scheduledAtMs: scheduled?.status === "True" ? timeMs(scheduled.lastTransitionTime) : undefined,
    unschedulable: scheduled?.status === "False" && scheduled.reason === "Unschedulable" ? (scheduled.message ?? "") : undefined,
    running: status?.phase === "Running",
    containersReady: containersReady?.status === "True",
    readyAtMs: containersReady?.status === "True" ? timeMs(containersReady.lastTransitionTime) : undefined,
    ready: condition("Ready")?.status === "True",
    warmSinceMs: warm?.status === "True" ? timeMs(warm.lastTransitionTime) : undefined,
    startedAtMs: timeMs(worker?.state?.running?.startedAt),
    restarted: (worker?.restartCount ?? 0) > 0,
    // A value that is no time is a request too.
    cordonedAtMs: cordonedAtMs ?? (drain === undefined ? undefined : (timeMs(drain) ?? createdAtMs)),
    drainRequested: drain !== undefined,
    released: Number(metadata.annotations?.[annotations.deletionCost] ?? 0) < 0,
    protected: metadata.labels?.[labels.protected] === "true",
    problem:
      problemOf([...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) ??
      (warm?.reason === WARMUP_FAILED ? { reason: WARMUP_FAILED, message: warm.message ?? "" } : undefined),
    end: podEnd(pod),
    starting: startingOf(pod),
  };
}

/** Reason of a warm gate that is False because the warm-up failed. */
export const WARMUP_FAILED = "WarmupFailed";

/** Waiting reasons that need a person. `ContainerCreating` and `PodInitializing` resolve themselves. */
const lastingReasons = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
  "CrashLoopBackOff",
]);

/** A container with so many restarts counts as failing, also while it runs again. */
const LOOPING_RESTARTS = 3;

function problemOf(statuses: readonly Json<V1ContainerStatus>[]): PodProblem | undefined {
  for (const { name, state, lastState, ready, restartCount } of statuses) {
    const waiting = state?.waiting;
    const ended = state?.terminated ?? lastState?.terminated;
    const endMessage = ended !== undefined && ended.exitCode !== 0 ? ended.message?.trim() : undefined;
    if (waiting?.reason !== undefined && lastingReasons.has(waiting.reason)) {
      return { reason: waiting.reason, message: quoted(name, endMessage ?? waiting.message ?? waiting.reason) };
    }
    const loops = !ready && restartCount >= LOOPING_RESTARTS;
    if (ended !== undefined && ended.exitCode !== 0 && (state?.terminated !== undefined || loops)) {
      return { reason: ended.reason ?? "Error", message: quoted(name, endMessage ?? `ended with exit code ${ended.exitCode}`) };
    }
  }
  return undefined;
}

/** A termination message may contain a launch form, and a failed pull may contain the signed URL of a layer. */
function quoted(container: string, words: string): string {
  return `${container}: ${hideSecrets(words)}`;
}
