import { type GroupConfig, type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { Store } from "../../kube/store.ts";
import { renderTemplate, type WorkerTemplate } from "../../resources/worker-template.ts";
import { addForMaximum, emptyWindow, type Window } from "../../scaling/window.ts";
import { earliest, remaining, WATCH_LAG_MS } from "../delays.ts";
import type { Forecasts } from "../forecast/forecasts.ts";
import type { LoadHub, PoolLoadView } from "../load/load-hub.ts";
import { addReclaimed } from "../load/reclaimed.ts";
import { type PoolMemory, reclaimedIn } from "../memory.ts";
import { newestRevision, type ReplicaSetView } from "../replica-sets.ts";
import type { PodEvent } from "../slow-starts/pod-events.ts";
import { withSlowStarts } from "../slow-starts/slow-starts.ts";
import type { GroupSnapshot, Members, Observed, OwnDeployment, Snapshot } from "../snapshot.ts";
import { noVerdicts, type Verdicts } from "../victim-verification.ts";
import type { DeploymentView, PodView, PoolView } from "../views.ts";
import { asMarked } from "../writes/marks.ts";
import { lastBusy, type MemberContext, membersOf } from "./members.ts";
import { latestOf, ownDeployment } from "./own-deployment.ts";

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

/** What a snapshot contains that no watch shows. */
export interface Readings extends Pick<Snapshot, "credentials" | "secretProblems" | "refusals" | "credits"> {
  readonly verdicts: Verdicts;
  /** The latest event of a pod that does not start, if it has been read. */
  readonly latestEvent: (pod: PodView) => PodEvent | undefined;
  readonly forecasts: Pick<Forecasts, "next" | "dueMs">;
}

/** The readings of a world in which nothing but the watches is read. */
export const nothingRead: Readings = {
  credentials: { kind: "present" },
  secretProblems: [],
  refusals: [],
  credits: undefined,
  verdicts: noVerdicts,
  latestEvent: () => undefined,
  forecasts: { next: () => new Map(), dueMs: () => undefined },
};

/** Puts together all that a plan needs at one moment. Changes nothing: what a reconcile remembers, it remembers after its writes. */
export function buildSnapshot(world: World, view: PoolView, readings: Readings, memory: PoolMemory, nowMs: number): Snapshot {
  const pool = view.config;
  const key = poolKey(pool);
  const load = world.hub.view(key, nowMs);
  const allPods = asMarked(world.pods.byIndex(BY_POOL, key), memory, nowMs);
  const pods = Map.groupBy(allPods, (pod) => pod.group);
  const lastBusyMs = lastBusy(allPods, load, memory.lastBusyMs, nowMs);
  const context = { pool, load, lastBusyMs, verdicts: readings.verdicts, nowMs };
  const names = new Set(pool.groups.map(({ name }) => name));
  const written = memory.status;
  const status = written !== undefined && nowMs - written.atMs < WATCH_LAG_MS ? written.written : view.status;
  const starts = withSlowStarts(
    pool.groups.map((config) => groupOf(world, config, pods.get(config.name) ?? [], memory, context)),
    nowMs,
    readings.latestEvent,
  );
  const { credentials, secretProblems, refusals, credits, forecasts, verdicts } = readings;
  const observed: Observed = {
    ...{ nowMs, pool, status, credentials, secretProblems, refusals, credits },
    lastDecision: memory.lastDecision ?? status?.lastDecision,
    hasFinalizer: view.hasFinalizer || (memory.finalizedMs !== undefined && nowMs - memory.finalizedMs < WATCH_LAG_MS),
    groups: starts.groups,
    retired: world.deployments
      .byIndex(BY_POOL, key)
      .filter((deployment) => deployment.ownerUid === pool.uid && !names.has(deployment.group))
      .map((deployment) => ({
        deployment: latestOf(deployment, memory),
        members: membersOf(pods.get(deployment.group) ?? [], context),
      })),
    load,
    reclaimed: addReclaimed(memory.reclaimedBefore ?? reclaimedIn(status), load.reclaimed),
    unseenWorkers: unseenWorkers(load, allPods),
    lastBusyMs,
  };
  return Object.freeze({
    ...observed,
    forecast: forecasts.next(observed),
    dueMs: earliest(starts.dueMs, remaining(verdicts.untilMs, nowMs), forecasts.dueMs(observed)),
  });
}

function groupOf(
  world: World,
  config: GroupConfig,
  pods: readonly PodView[],
  memory: PoolMemory,
  context: MemberContext,
): GroupSnapshot {
  const { pool, nowMs } = context;
  const deployment = ownDeployment(world.deployments, pool, config, memory, nowMs);
  const members = membersOf(pods, context);
  return {
    config,
    deployment,
    newest:
      deployment.kind === "own" ? newestRevision(world.replicaSets.byIndex(BY_POOL, poolKey(pool)), deployment.view) : undefined,
    rendered: templateOf(pool, config, world.sidecarImage, memory),
    members,
    wanted: memory.wanted.get(config.name) ?? firstWindow(deployment, members, nowMs),
    shortage: memory.nodeShortages.get(config.name),
  };
}

/** Rendered once for each change of the pool: a plan that changes nothing costs no template. */
function templateOf(pool: PoolConfig, config: GroupConfig, image: string, memory: PoolMemory): WorkerTemplate {
  const known = memory.rendered.get(config.name);
  return known?.pool === pool ? known.template : renderTemplate(pool, config, image);
}

function unseenWorkers({ workers }: PoolLoadView, pods: readonly PodView[]): number {
  const uids = new Set(pods.map(({ uid }) => uid));
  return [...workers].filter(([uid, { ready }]) => ready && !uids.has(uid)).length;
}

/** A new leader takes the size that it finds, without the cordoned workers, for the size that was wanted over the last minutes. */
function firstWindow(deployment: OwnDeployment, members: Members, nowMs: number): Window {
  if (deployment.kind !== "own") return emptyWindow;
  const leaving = members.workers.filter((worker) => worker.cordonedAtMs !== undefined).length;
  return addForMaximum(emptyWindow, nowMs, deployment.view.replicas - leaving, Number.POSITIVE_INFINITY);
}
