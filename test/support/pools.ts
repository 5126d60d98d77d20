import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import type { LoadReport, PoolLoad } from "../../operator/api/load-report.ts";
import { annotations, FINALIZER, WARM_GATE } from "../../operator/api/names.ts";
import { deploymentName, type PoolConfig, poolKey } from "../../operator/api/pool-config.ts";
import { type AvatarPoolSpecInput, avatarPoolSchema } from "../../operator/api/v1alpha1/index.ts";
import { IndexedStore, type Indexes } from "../../operator/kube/store.ts";
import { type Json, keyOf } from "../../operator/kube/types.ts";
import { BY_POOL, buildSnapshot, nothingRead, type Readings, type World } from "../../operator/pool/gather/build-snapshot.ts";
import { LoadHub } from "../../operator/pool/load/load-hub.ts";
import { Memories, type PoolMemory, remember } from "../../operator/pool/memory.ts";
import { type ReplicaSetView, replicaSetView } from "../../operator/pool/replica-sets.ts";
import type { Credentials, Snapshot } from "../../operator/pool/snapshot.ts";
import { type DeploymentView, deploymentView, type PodView, type PoolView, podView, poolView } from "../../operator/pool/views.ts";
import { type HeldBack, heldBackText } from "../../operator/resources/held-back.ts";
import { recordOf, type WorkerTemplate } from "../../operator/resources/worker-template.ts";

/**
 * Pools, pods and Deployments for tests of the operator. Everything passes through the real schema and transforms, so that a
 * test states only the relevant fields and cannot build an object that the API server would reject.
 */

export const NOW_MS = Date.UTC(2026, 0, 1, 12);
const LONG_AGO = "2026-01-01T00:00:00Z";

export const SIDECAR_IMAGE = "sidecar:1";

const namespace = "avatars";
const poolName = "support";
const poolUid = "pool-uid";

export const gpuGroup = { name: "gpu", engine: "expression", sessionsPerWorker: 2, max: 10 } as const;

/** A GPU group with two slots per worker for image presets, and a CPU group with one slot per worker for models. */
export const defaultSpec: AvatarPoolSpecInput = {
  apiSecretRef: { name: "maker" },
  presets: [
    { name: "maya", image: { url: "https://example.com/maya.jpg" } },
    { name: "leo", model: { url: "https://example.com/leo.imx" } },
  ],
  workers: [gpuGroup, { name: "cpu", engine: "essence", image: "registry.example.com/essence-worker:1.4", max: 20 }],
};

/** Only the GPU group and its preset, for tests that need no second group. */
export const gpuOnly = {
  presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
  workers: [gpuGroup],
} satisfies Partial<AvatarPoolSpecInput>;

/** Only a group to which LiveKit dispatches jobs. */
export const agentsOnly = {
  presets: [],
  workers: [{ name: "agents", engine: "livekit-agent", image: "registry.example.com/agent:1", max: 10 }],
} satisfies Partial<AvatarPoolSpecInput>;

/** The object as the API server returns it. */
export function poolObject(spec: Partial<AvatarPoolSpecInput> = {}, metadata: object = {}, status?: object) {
  return avatarPoolSchema.parse({
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: {
      name: poolName,
      namespace,
      uid: poolUid,
      generation: 1,
      resourceVersion: "1",
      creationTimestamp: LONG_AGO,
      finalizers: [FINALIZER],
      ...metadata,
    },
    spec: { ...defaultSpec, ...spec },
    status,
  });
}

export function pool(spec: Partial<AvatarPoolSpecInput> = {}, metadata: object = {}, status?: object): PoolView {
  return poolView(poolObject(spec, metadata, status), FINALIZER);
}

/** Stage of a pod's start. Each stage includes the previous ones. */
export type PodStage = "unscheduled" | "pending" | "starting" | "answering" | "warm";
const stages: readonly PodStage[] = ["unscheduled", "pending", "starting", "answering", "warm"];

export interface PodChange {
  readonly group?: string;
  readonly engine?: string;
  /** Default: warm. */
  readonly stage?: PodStage;
  readonly cordonedAtMs?: number;
  readonly released?: boolean;
  readonly drainRequested?: boolean;
  readonly protected?: boolean;
  readonly deleting?: boolean;
  /** Grace period of its deletion. */
  readonly graceSeconds?: number;
  /** End of the grace period. */
  readonly endsAtMs?: number;
  readonly revision?: string;
  /** Hash of its template. */
  readonly template?: string;
  readonly createdAtMs?: number;
  readonly startedAtMs?: number;
  readonly status?: Partial<Json<V1Pod>["status"]>;
  /** Name of its ReplicaSet. Default: the ReplicaSet of its group and revision. */
  readonly owner?: string | "nobody";
  /** Time and reason of its permanent end. */
  readonly ended?: { readonly atMs?: number; readonly reason: string; readonly message?: string };
}

export function podObject(name: string, change: PodChange = {}): Json<V1Pod> {
  const reached = (stage: PodStage) => stages.indexOf(change.stage ?? "warm") >= stages.indexOf(stage);
  const time = (atMs: number) => new Date(atMs).toISOString();
  const condition = (type: string, holds: boolean, more: object = {}) => ({
    type,
    status: holds ? "True" : "False",
    lastTransitionTime: LONG_AGO,
    ...more,
  });
  const group = change.group ?? "gpu";
  const revision = change.revision ?? "r1";
  const owner = change.owner ?? `${deploymentName(poolName, group)}-${revision}`;
  return {
    metadata: {
      namespace,
      name,
      uid: `uid-${name}`,
      creationTimestamp: time(change.createdAtMs ?? Date.parse(LONG_AGO)),
      labels: {
        "avatarpool.dev/pool": poolName,
        "avatarpool.dev/group": group,
        "avatarpool.dev/engine": change.engine ?? (group === "cpu" ? "essence" : "expression"),
        "avatarpool.dev/protected": String(change.protected ?? false),
        "pod-template-hash": revision,
      },
      ownerReferences:
        owner === "nobody"
          ? []
          : [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: owner, uid: `uid-${owner}`, controller: true }],
      annotations: {
        ...(change.cordonedAtMs === undefined ? {} : { [annotations.cordoned]: time(change.cordonedAtMs) }),
        ...(change.drainRequested ? { [annotations.drain]: time(NOW_MS - 60_000) } : {}),
        [annotations.template]: change.template ?? "t1",
        ...(change.released ? { [annotations.deletionCost]: "-1000" } : {}),
      },
      ...(change.deleting
        ? {
            deletionTimestamp: time(change.endsAtMs ?? NOW_MS + 3_600_000),
            deletionGracePeriodSeconds: change.graceSeconds ?? 3_630,
          }
        : {}),
    },
    spec: { containers: [], ...(reached("pending") ? { nodeName: "node" } : {}) },
    status: {
      phase: reached("starting") ? "Running" : "Pending",
      ...(reached("starting") ? { podIP: "127.64.0.9" } : {}),
      conditions: [
        reached("pending")
          ? condition("PodScheduled", true)
          : condition("PodScheduled", false, { reason: "Unschedulable", message: "0/3 nodes are available." }),
        condition("ContainersReady", reached("answering")),
        ...(reached("warm") ? [condition(WARM_GATE, true)] : []),
        condition("Ready", reached("warm")),
      ],
      containerStatuses: reached("starting")
        ? [
            {
              name: "worker",
              image: "",
              imageID: "",
              ready: reached("answering"),
              restartCount: 0,
              state: { running: { startedAt: change.startedAtMs === undefined ? LONG_AGO : time(change.startedAtMs) } },
            },
          ]
        : [],
      ...(change.ended === undefined ? {} : endedStatus(change.ended)),
      ...change.status,
    },
  };
}

/** Status of a pod that was evicted, or that its kubelet did not admit. */
function endedStatus({ atMs = NOW_MS, reason, message = "" }: NonNullable<PodChange["ended"]>) {
  const lastTransitionTime = new Date(atMs).toISOString();
  const conditions = [{ type: "Ready", status: "False", reason: "PodFailed", lastTransitionTime }];
  return { phase: "Failed", reason, message, conditions, containerStatuses: [] };
}

/** @throws Error if the operator would ignore the pod. */
export function pod(name: string, change: PodChange = {}): PodView {
  const view = podView(podObject(name, change));
  if (view === undefined) throw new Error(`pod ${name} is no member of its group`);
  return view;
}

export interface DeploymentChange {
  readonly replicas?: number;
  readonly generation?: number;
  readonly resourceVersion?: string;
  readonly uid?: string;
  /** Default: the pool. */
  readonly owner?: string | "nobody";
  readonly deleting?: boolean;
  /** Hash of its current template. */
  readonly template?: string;
  readonly heldBack?: HeldBack;
  /** Record of its template. */
  readonly standing?: WorkerTemplate;
  /** Number of its templates so far. */
  readonly revision?: number;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  /** Time since which a quota rejects its pods. */
  readonly refusedSinceMs?: number;
}

export function deploymentObject(group: string, change: DeploymentChange = {}): Json<V1Deployment> {
  const owner = { apiVersion: "", kind: "", name: "", uid: change.owner ?? poolUid, controller: true };
  return {
    metadata: {
      namespace,
      name: deploymentName(poolName, group),
      uid: change.uid ?? `uid-${group}`,
      generation: change.generation ?? 1,
      resourceVersion: change.resourceVersion ?? "1",
      labels: { "avatarpool.dev/pool": poolName, "avatarpool.dev/group": group },
      ownerReferences: change.owner === "nobody" ? [] : [owner],
      annotations: {
        "deployment.kubernetes.io/revision": String(change.revision ?? 1),
        ...(change.standing === undefined ? {} : recordOf(change.standing)),
        ...(change.heldBack === undefined ? {} : { [annotations.heldBack]: heldBackText(change.heldBack) ?? "" }),
      },
      ...(change.deleting ? { deletionTimestamp: LONG_AGO } : {}),
    },
    spec: {
      replicas: change.replicas ?? 1,
      selector: {},
      template: { metadata: { annotations: { [annotations.template]: change.template ?? "t1" } } },
    },
    status: {
      observedGeneration: change.generation ?? 1,
      conditions: [...(change.conditions ?? []), ...(change.refusedSinceMs === undefined ? [] : [refusal(change.refusedSinceMs)])],
    },
  };
}

function refusal(sinceMs: number) {
  const message = 'pods "x" is forbidden: exceeded quota: gpus, used: requests.nvidia.com/gpu=2, limited: 2';
  return { type: "ReplicaFailure", status: "True", message, lastTransitionTime: new Date(sinceMs).toISOString() };
}

export function deployment(group: string, change: DeploymentChange = {}): DeploymentView {
  return deploymentView(deploymentObject(group, change));
}

/** A store of these objects, indexed by pool as in the operator. */
export function storeOf<T extends { readonly namespace: string; readonly name: string; readonly pool: string }>(
  items: readonly T[],
): IndexedStore<T> {
  const indexes: Indexes<T> = { [BY_POOL]: (item) => [poolKey({ namespace: item.namespace, name: item.pool })] };
  const store = new IndexedStore(indexes);
  for (const item of items) store.set(keyOf(item), item, "1");
  return store;
}

/** One gateway's report on the pool. */
export function load(change: Partial<PoolLoad> = {}): PoolLoad {
  return {
    namespace,
    name: poolName,
    workers: [],
    queued: {},
    shortages: {},
    launches: {},
    startupsMs: [],
    workerStartups: [],
    ...change,
  };
}

export function report(gateway: string, pools: readonly PoolLoad[], full = true): LoadReport {
  return { gateway, full, pools: [...pools] };
}

/** The ReplicaSet of a group's Deployment. */
export function replicaSet(group: string, hash: string, revision: number): ReplicaSetView {
  const labels = { "avatarpool.dev/pool": poolName, "pod-template-hash": hash };
  const ownerReferences = [{ apiVersion: "", kind: "", name: "", uid: `uid-${group}`, controller: true }];
  const noted = { "deployment.kubernetes.io/revision": String(revision) };
  const name = `${deploymentName(poolName, group)}-${hash}`;
  return replicaSetView({ metadata: { namespace, name, labels, annotations: noted, ownerReferences } });
}

export interface WorldChange {
  readonly pods?: readonly PodView[];
  /** Default: one for each group of the pool, with as many replicas as the group has pods. */
  readonly deployments?: readonly DeploymentView[];
  /** Default: none. */
  readonly replicaSets?: readonly ReplicaSetView[];
  /** Sessions by name of the pod. */
  readonly sessions?: Readonly<Record<string, number>>;
  /** Slots that the load of a pod blocks, by its name. */
  readonly blocked?: Readonly<Record<string, number>>;
  /** Names of pods whose cordon the gateway has not seen yet. */
  readonly unacknowledged?: readonly string[];
  readonly queued?: Readonly<Record<string, number>>;
  /** Running sessions that the gateway launched, by preset. */
  readonly launched?: Readonly<Record<string, number>>;
  /** Recent responses with status 503, by preset. */
  readonly worker503?: Readonly<Record<string, number>>;
  readonly accountErrors?: PoolLoad["accountErrors"];
  readonly overflow?: PoolLoad["overflow"];
  readonly forbiddenSecrets?: PoolLoad["forbiddenSecrets"];
  readonly secretProblems?: Snapshot["secretProblems"];
  /** Default 1. */
  readonly gateways?: 0 | 1;
  readonly credentials?: Credentials;
  readonly latestEvent?: Readings["latestEvent"];
  readonly memory?: PoolMemory;
  readonly nowMs?: number;
}

/** The stores and the gateways' load of the change. */
export function world(config: PoolConfig, change: WorldChange = {}): World & { readonly hub: LoadHub } {
  const pods = change.pods ?? [];
  const members = (group: string) => pods.filter((pod) => pod.group === group && !pod.deleting && pod.end === undefined).length;
  const deployments = change.deployments ?? config.groups.map(({ name }) => deployment(name, { replicas: members(name) }));
  return {
    pods: storeOf(pods),
    replicaSets: storeOf(change.replicaSets ?? []),
    deployments: storeOf(deployments),
    hub: hubOf(change),
    sidecarImage: SIDECAR_IMAGE,
  };
}

function hubOf(change: WorldChange): LoadHub {
  const nowMs = change.nowMs ?? NOW_MS;
  const hub = new LoadHub();
  if (change.gateways === 0) return hub;
  const workers = (change.pods ?? []).map(({ name, uid, ready, cordonedAtMs }) => ({
    pod: name,
    uid,
    ready,
    sessions: change.sessions?.[name] ?? 0,
    reserved: 0,
    slots: 2,
    cordoned: cordonedAtMs !== undefined && !change.unacknowledged?.includes(name),
    ...(change.blocked?.[name] === undefined ? {} : { blocked: change.blocked[name] }),
  }));
  const shortages = Object.fromEntries(
    Object.entries(change.worker503 ?? {}).map(([preset, worker503]) => [preset, { worker503, waited: 0, refused: 0 }]),
  );
  hub.setGateways(["http://gateway"], nowMs);
  hub.accept("http://gateway", report("g", [load()]), nowMs);
  const { queued, launched, accountErrors, overflow, forbiddenSecrets } = change;
  const now = load({
    workers,
    queued: { ...queued },
    sessions: { ...launched },
    shortages,
    accountErrors,
    overflow,
    forbiddenSecrets,
  });
  hub.accept("http://gateway", report("g", [now], false), nowMs);
  return hub;
}

/** The operator's view of the pool in that world. */
export function snapshot(view: PoolView, change: WorldChange = {}): Snapshot {
  const memory = change.memory ?? new Memories().of(poolKey(view.config));
  const { credentials = nothingRead.credentials, secretProblems = [], latestEvent = nothingRead.latestEvent } = change;
  const readings = { ...nothingRead, credentials, secretProblems, latestEvent };
  const seen = buildSnapshot(world(view.config, change), view, readings, memory, change.nowMs ?? NOW_MS);
  remember(memory, seen, { groups: [] });
  return seen;
}
