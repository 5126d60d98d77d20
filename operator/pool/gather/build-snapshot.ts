import { type GroupConfig, type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { Store } from "../../kube/store.ts";
import { keyOf } from "../../kube/types.ts";
import { renderTemplate, type WorkerTemplate } from "../../resources/worker-template.ts";
import type { WorkerState } from "../../scaling/victims.ts";
import { addForMaximum, emptyWindow, type Window } from "../../scaling/window.ts";
import type { LoadHub, PoolLoadView } from "../load/load-hub.ts";
import { addReclaimed, noneReclaimed } from "../load/reclaimed.ts";
import { FOREIGN_RECHECK_MS, type PoolMemory, WATCH_LAG_MS } from "../memory.ts";
import { isAbandoned } from "../planning/drain-end.ts";
import { protectionOf } from "../planning/protection.ts";
import { newestRevision, type ReplicaSetView } from "../replica-sets.ts";
import type { Credentials, GroupSnapshot, Members, OwnDeployment, RetiredSnapshot, Snapshot } from "../snapshot.ts";
import type { DeploymentView, PodView, PoolView } from "../views.ts";
import { hasWarmupSession } from "../warmup/warmth.ts";
import { asMarked } from "../writes/marks.ts";

/** Index by which Deployments and pods of a pool are found. */
export const BY_POOL = "pool";

export interface World {
  readonly deployments: Store<DeploymentView>;
  readonly replicaSets: Store<ReplicaSetView>;
  readonly pods: Store<PodView>;
  readonly hub: Pick<LoadHub, "view">;
  /** Image of this AvatarPool, for its containers in worker pods. */
  readonly sidecarImage: string;
}

/** Reads all that a plan needs at one moment, from stores and memory only. */
export function buildSnapshot(world: World, view: PoolView, credentials: Credentials, memory: PoolMemory, nowMs: number): Snapshot {
  const pool = view.config;
  const key = poolKey(pool);
  const load = world.hub.view(key, nowMs);
  const pods = groupBy(asMarked(world.pods.byIndex(BY_POOL, key), memory, nowMs), (pod) => pod.group);
  const names = new Set(pool.groups.map(({ name }) => name));
  const retired: RetiredSnapshot[] = world.deployments
    .byIndex(BY_POOL, key)
    .filter((deployment) => deployment.ownerUid === pool.uid && !names.has(deployment.group))
    .map((deployment) => ({
      deployment: current(deployment, memory),
      members: membersOf(pods.get(deployment.group) ?? [], pool, load, memory, nowMs),
    }));
  const written = memory.status;
  const status = written !== undefined && nowMs - written.atMs < WATCH_LAG_MS ? written.written : view.status;
  return {
    nowMs,
    pool,
    status,
    lastDecision: memory.lastDecision ?? status?.lastDecision,
    hasFinalizer: view.hasFinalizer || (memory.finalizedMs !== undefined && nowMs - memory.finalizedMs < WATCH_LAG_MS),
    credentials,
    secretProblems: [],
    refusals: [],
    groups: pool.groups.map((config) => observeGroup(world, pool, config, pods.get(config.name) ?? [], load, memory, nowMs)),
    retired,
    load,
    reclaimed: addReclaimed(memory.reclaimedBefore ?? noneReclaimed, load.reclaimed),
    forecast: new Map(),
    unseenWorkers: unseenWorkers(load, pods),
  };
}

function observeGroup(
  world: World,
  pool: PoolConfig,
  config: GroupConfig,
  pods: readonly PodView[],
  load: PoolLoadView,
  memory: PoolMemory,
  nowMs: number,
): GroupSnapshot {
  const deployment = deploymentOf(world, pool, config, memory, nowMs);
  const members = membersOf(pods, pool, load, memory, nowMs);
  return {
    config,
    deployment,
    newest: deployment.kind === "own" ? newestRevision(replicaSetsOf(world, pool), deployment.view) : undefined,
    rendered: rendered(pool, config, world.sidecarImage, memory),
    members,
    wanted: memory.wanted.get(config.name) ?? firstWindow(deployment, members, nowMs),
    shortage: memory.shortages.get(config.name),
  };
}

/** Rendered once for each change of the pool: a plan that changes nothing costs no template. */
function rendered(pool: PoolConfig, config: GroupConfig, image: string, memory: PoolMemory): WorkerTemplate {
  const known = memory.rendered.get(config.name);
  if (known?.pool === pool) return known.template;
  const template = renderTemplate(pool, config, image);
  memory.rendered.set(config.name, { pool, template });
  return template;
}

function replicaSetsOf(world: World, pool: PoolConfig): readonly ReplicaSetView[] {
  return world.replicaSets.byIndex(BY_POOL, poolKey(pool));
}

function unseenWorkers({ workers }: PoolLoadView, seen: ReadonlyMap<string, readonly PodView[]>): number {
  const uids = new Set([...seen.values()].flatMap((pods) => pods.map(({ uid }) => uid)));
  return [...workers].filter(([uid, { ready }]) => ready && !uids.has(uid)).length;
}

/** A new leader takes the size that it finds, less what was being taken away, as what was wanted lately. */
function firstWindow(deployment: OwnDeployment, members: Members, nowMs: number): Window {
  if (deployment.kind !== "own") return emptyWindow;
  const leaving = members.workers.filter((worker) => worker.cordonedAtMs !== undefined).length;
  return addForMaximum(emptyWindow, nowMs, deployment.view.replicas - leaving, Number.POSITIVE_INFINITY);
}

function deploymentOf(world: World, pool: PoolConfig, config: GroupConfig, memory: PoolMemory, nowMs: number): OwnDeployment {
  const view = world.deployments.get(keyOf({ namespace: pool.namespace, name: config.deploymentName }));
  if (view !== undefined) {
    return view.ownerUid === pool.uid
      ? { kind: "own", view: current(view, memory), assumed: false }
      : { kind: "foreign", why: foreignMessage(view.namespace, view.name, view.ownerUid) };
  }
  const applied = memory.applied.get(config.deploymentName);
  if (applied?.view.ownerUid === pool.uid && nowMs - applied.atMs < WATCH_LAG_MS) {
    return { kind: "own", view: applied.view, assumed: true };
  }
  const foreign = memory.foreign.get(config.deploymentName);
  return foreign !== undefined && nowMs - foreign.atMs < FOREIGN_RECHECK_MS
    ? { kind: "foreign", why: foreign.why }
    : { kind: "absent" };
}

export function foreignMessage(namespace: string, name: string, ownerUid: string | undefined): string {
  const owner =
    ownerUid === undefined ? "belongs to no pool" : "belongs to another object, perhaps a deleted pool of the same name";
  return `Deployment ${namespace}/${name} exists and ${owner}: delete it, or rename the pool or the group; it is left untouched`;
}

/** The Deployment as we left it, while the watch has not shown that yet. */
function current(view: DeploymentView, memory: PoolMemory): DeploymentView {
  const ours = memory.applied.get(view.name)?.view;
  return ours?.uid === view.uid && view.generation < ours.generation ? ours : view;
}

function membersOf(pods: readonly PodView[], pool: PoolConfig, load: PoolLoadView, memory: PoolMemory, nowMs: number): Members {
  const staying = pods.filter((pod) => !pod.deleting && pod.end === undefined);
  const terminating = pods.filter((pod) => pod.deleting && pod.end === undefined && !isAbandoned(pod, nowMs));
  return {
    pods: staying,
    workers: staying.map((pod) => workerState(pod, load)),
    terminating,
    terminatingBusy: terminating.reduce((total, pod) => total + (load.workers.get(pod.uid)?.sessions ?? 0), 0),
    warmupSessions: staying.filter((pod) => hasWarmupSession(pod, pool, load, nowMs)).length,
    protection: protectionOf(staying, load, memory.lastBusyMs, nowMs),
    ended: pods.filter((pod) => !pod.deleting && pod.end !== undefined),
  };
}

function workerState(pod: PodView, load: PoolLoadView): WorkerState {
  const told = load.workers.get(pod.uid);
  return {
    pod: pod.name,
    uid: pod.uid,
    createdAtMs: pod.createdAtMs,
    scheduled: pod.scheduled,
    running: pod.running,
    ready: pod.ready,
    busy: told === undefined ? 0 : told.sessions + told.reserved,
    ...(pod.cordonedAtMs === undefined ? {} : { cordonedAtMs: pod.cordonedAtMs }),
    cordonAcknowledged: !load.gatewaySilent && (told?.cordonAcknowledged ?? true),
    released: pod.released,
    revision: pod.revision,
  };
}

function groupBy<T>(items: readonly T[], keyOfItem: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOfItem(item));
    if (group === undefined) groups.set(keyOfItem(item), [item]);
    else group.push(item);
  }
  return groups;
}
