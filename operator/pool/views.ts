import type { V1ContainerStatus, V1Deployment, V1DeploymentStatus, V1ObjectMeta, V1Pod } from "@kubernetes/client-node";
import { isOfGroup, POD_TEMPLATE_HASH } from "../api/membership.ts";
import { annotations, labels, WARM_GATE, WORKER_CONTAINER } from "../api/names.ts";
import { type PoolConfig, resolvePool } from "../api/pool-config.ts";
import { type AvatarPoolStatus, avatarPoolSchema } from "../api/v1alpha1/index.ts";
import type { Json } from "../kube/types.ts";
import { type HeldBack, parseHeldBack } from "../resources/held-back.ts";
import { parseRecord, type TemplateRecord } from "../resources/worker-template.ts";
import { hideSecrets } from "../workers/hide-secrets.ts";
import { type PodEnd, podEnd } from "./pod-end.ts";
import { REVISION } from "./replica-sets.ts";
import { type Starting, startingOf } from "./slow-starts/starting.ts";
import { timeMs } from "./time.ts";

/**
 * What the operator keeps of the objects that it watches: small, because ten thousand pods are kept, and flat, because
 * decisions read them.
 */

export interface PoolView {
  readonly config: PoolConfig;
  readonly status: AvatarPoolStatus | undefined;
  readonly hasFinalizer: boolean;
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
  /** Of the template that its new pods are made from. */
  readonly template: string;
  /** What is recorded of that template; undefined where it is not, or too large. */
  readonly standing: TemplateRecord | undefined;
  /** Number of its present template, as its controller counts them. */
  readonly revision: string | undefined;
  /** Its controller has seen it as it is, and no ReplicaSet of another template wants pods, whether it has some or not. */
  readonly oneReplicaSet: boolean;
  readonly heldBack: HeldBack | undefined;
  /** Why its controller cannot make pods, or gave up on a rollout. */
  readonly stalled: string | undefined;
  readonly deleting: boolean;
  /** Pods that are wanted are not created: a quota, or an admission that refuses them. */
  readonly refused: { readonly sinceMs: number; readonly why: string } | undefined;
}

export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly pool: string;
  readonly group: string;
  readonly engine: string;
  readonly revision: string;
  /** Of the template that it was made from. */
  readonly template: string;
  readonly createdAtMs: number;
  readonly deleting: boolean;
  /** Seconds that it is given from its deletion on; undefined while it is not being deleted. */
  readonly graceSeconds: number | undefined;
  /** When that is over and it ends with the sessions that it still has. */
  readonly endsAtMs: number | undefined;
  readonly ip: string | undefined;
  readonly scheduled: boolean;
  /** Why the scheduler finds no node. */
  readonly unschedulable: string | undefined;
  readonly running: boolean;
  /** Its worker answers its probes. */
  readonly containersReady: boolean;
  readonly ready: boolean;
  /** Since when the warm gate is True; undefined while it is not. */
  readonly warmSinceMs: number | undefined;
  /** When the worker's process was started last. */
  readonly startedAtMs: number | undefined;
  readonly cordonedAtMs: number | undefined;
  /** Its deletion cost is below everybody else's. */
  readonly released: boolean;
  /** It is kept from being evicted. */
  readonly protected: boolean;
  readonly problem: PodProblem | undefined;
  /** Its containers have ended for good: its ReplicaSet counts it no more, and it is no worker. */
  readonly end: PodEnd | undefined;
  /** It has a node and does not run yet. */
  readonly starting: Starting | undefined;
}

/** What keeps a pod from running, as the kubelet says it. */
export interface PodProblem {
  readonly reason: string;
  readonly message: string;
}

/** @throws ZodError when the object does not fit the schema, which the API server would have refused. */
export function poolView(raw: object, finalizer: string): PoolView {
  const pool = avatarPoolSchema.parse(raw);
  return { config: resolvePool(pool), status: pool.status, hasFinalizer: pool.metadata.finalizers?.includes(finalizer) ?? false };
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

/** Source: `DeploymentComplete` and `syncRolloutStatus` in Kubernetes `pkg/controller/deployment`: what is complete stays so while it is scaled. */
function hasOneReplicaSet(
  { generation = 0, annotations: noted }: Json<V1ObjectMeta>,
  status: Json<V1DeploymentStatus> = {},
): boolean {
  if ((status.observedGeneration ?? 0) < generation) return false;
  const progress = status.conditions?.find(({ type }) => type === "Progressing");
  return noted?.[REVISION] === "1" || progress?.reason === "NewReplicaSetAvailable";
}

/** What the operator keeps of a pod; undefined where it belongs to no ReplicaSet of the worker group that its labels name. */
export function podView(pod: Json<V1Pod>): PodView | undefined {
  if (!isOfGroup(pod)) return undefined;
  const { metadata = {}, spec, status } = pod;
  const condition = (type: string) => status?.conditions?.find((candidate) => candidate.type === type);
  const scheduled = condition("PodScheduled");
  const warm = condition(WARM_GATE);
  const worker = status?.containerStatuses?.find(({ name }) => name === WORKER_CONTAINER);
  const cordoned = metadata.annotations?.[annotations.cordoned];
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    pool: metadata.labels?.[labels.pool] ?? "",
    group: metadata.labels?.[labels.group] ?? "",
    engine: metadata.labels?.[labels.engine] ?? "",
    revision: metadata.labels?.[POD_TEMPLATE_HASH] ?? "",
    template: metadata.annotations?.[annotations.template] ?? "",
    createdAtMs: timeMs(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    graceSeconds: metadata.deletionGracePeriodSeconds,
    endsAtMs: timeMs(metadata.deletionTimestamp),
    ip: status?.podIP,
    scheduled: spec?.nodeName !== undefined,
    unschedulable: scheduled?.status === "False" && scheduled.reason === "Unschedulable" ? (scheduled.message ?? "") : undefined,
    running: status?.phase === "Running",
    containersReady: condition("ContainersReady")?.status === "True",
    ready: condition("Ready")?.status === "True",
    warmSinceMs: warm?.status === "True" ? timeMs(warm.lastTransitionTime) : undefined,
    startedAtMs: timeMs(worker?.state?.running?.startedAt),
    cordonedAtMs: timeMs(cordoned),
    released: Number(metadata.annotations?.[annotations.deletionCost] ?? 0) < 0,
    protected: metadata.labels?.[labels.protected] === "true",
    problem:
      problemOf([...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) ??
      (warm?.reason === WARMUP_FAILED ? { reason: WARMUP_FAILED, message: warm.message ?? "" } : undefined),
    end: podEnd(pod),
    starting: startingOf(pod),
  };
}

/** Reason of a warm gate that is False because the worker could not be warmed. */
export const WARMUP_FAILED = "WarmupFailed";

/** Waiting reasons that do not pass by themselves. `ContainerCreating` and `PodInitializing` do. */
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

/** A container that has ended so often is not expected to run well by itself, also while it runs once more. */
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

/** A container's last words may hold the form of a launch, and a failed pull the signed address of a layer. */
function quoted(container: string, words: string): string {
  return `${container}: ${hideSecrets(words)}`;
}
