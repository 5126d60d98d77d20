import { readFile } from "node:fs/promises";
import type { V1Deployment, V1Pod, V1ReplicaSet } from "@kubernetes/client-node";
import { WORKERS_PATH, type Workers, workersSchema } from "../api/debug.ts";
import { FINALIZER, labels, MANAGED_BY } from "../api/names.ts";
import { poolKey } from "../api/pool-config.ts";
import { parsePool } from "../api/pool-file.ts";
import type { KubeClient } from "../kube/client.ts";
import { avatarPools, deployments, pods, replicaSets } from "../kube/resource-types.ts";
import { IndexedStore } from "../kube/store.ts";
import { type Json, type KubeObject, keyOf, type ResourceType } from "../kube/types.ts";
import { CredentialsCheck } from "../pool/credentials.ts";
import { BY_POOL, buildSnapshot, nothingRead } from "../pool/gather/build-snapshot.ts";
import { LoadHub, type PoolLoadView } from "../pool/load/load-hub.ts";
import { Memories } from "../pool/memory.ts";
import { plan } from "../pool/plan.ts";
import { replicaSetView } from "../pool/replica-sets.ts";
import { deploymentView, type PoolView, podView, poolView } from "../pool/views.ts";
import { systemClock } from "../runtime/clock.ts";
import { type AskOperator, OperatorError } from "./ask-operator.ts";
import { type Cluster, noSuchPool } from "./cluster.ts";
import { usageError } from "./exit.ts";
import type { OutputFormat } from "./flags.ts";
import type { Print } from "./output.ts";
import { planLines, planned } from "./plan-lines.ts";
import { show } from "./show.ts";

export interface PlanOptions {
  readonly name: string | undefined;
  readonly file: string | undefined;
  readonly namespace: string | undefined;
  readonly output: OutputFormat;
}

type PlanCluster = Omit<Cluster, "client"> & { readonly client: Pick<KubeClient, "get" | "list"> };

const PAGE = 500;

/** The size of a group does not depend on the image of AvatarPool, which only the operator knows. */
const NO_IMAGE = "";

/**
 * `avatarpool plan`: what the operator would do now. It runs the operator's own functions on the cluster's state, without writes.
 * @throws Error with a remedy if the pool cannot be found or read, or the user lacks a permission.
 */
export async function planNow(cluster: PlanCluster, options: PlanOptions, print: Print): Promise<void> {
  const { client, ask } = cluster;
  const view = await poolOf(cluster, options);
  const [deploymentStore, replicaSetStore, podStore, reported, credentials] = await Promise.all([
    storeOf(client, deployments, view, (raw: Json<V1Deployment>) => deploymentView(raw)),
    storeOf(client, replicaSets, view, (raw: Json<V1ReplicaSet>) => replicaSetView(raw)),
    storeOf(client, pods, view, (raw: Json<V1Pod>) => podView(raw)),
    askWorkers(ask, view),
    new CredentialsCheck(client, systemClock).of(view.config),
  ]);
  const known = "why" in reported ? undefined : reported;
  const nowMs = systemClock.now();
  const stores = { deployments: deploymentStore, replicaSets: replicaSetStore, pods: podStore };
  const world = { ...stores, hub: { view: () => loadOf(known, nowMs) }, sidecarImage: NO_IMAGE };
  const forecast = new Map(Object.entries(known?.forecast ?? {}));
  const readings = { ...nothingRead, credentials, forecasts: { next: () => forecast, dueMs: () => undefined } };
  const snapshot = buildSnapshot(world, view, readings, new Memories().of(poolKey(view.config)), nowMs);
  const result = planned(snapshot, plan(snapshot), "why" in reported ? reported.why : undefined);
  show(options.output, result, () => planLines(result), print);
}

async function poolOf({ client, namespace: fallback }: PlanCluster, { name, file, namespace }: PlanOptions): Promise<PoolView> {
  if ((name === undefined) === (file === undefined))
    throw usageError("pass the name of an AvatarPool of the cluster, or a file with -f");
  if (file === undefined) {
    const ref = { namespace: namespace ?? fallback, name: name ?? "" };
    const found = await client.get(avatarPools, ref);
    if (found === undefined) throw noSuchPool(ref);
    return poolView(found, FINALIZER);
  }
  const config = parsePool(file, await read(file), fallback);
  if (namespace !== undefined && config.namespace !== namespace)
    throw new Error(`${file} has namespace ${config.namespace}, not ${namespace}: omit -n`);
  const found = await client.get(avatarPools, config);
  if (found === undefined) return { config, status: undefined, hasFinalizer: false };
  const live = poolView(found, FINALIZER);
  const { uid, generation, deletedAtMs } = live.config;
  return { ...live, config: { ...config, uid, generation, ...(deletedAtMs !== undefined && { deletedAtMs }) } };
}

async function read(file: string): Promise<string> {
  return readFile(file, "utf8").catch((error: unknown) => {
    throw new Error(`failed to read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** The pool's objects in the cluster, selected like the operator does. */
async function storeOf<
  Raw extends KubeObject,
  T extends { readonly namespace: string; readonly name: string; readonly pool: string },
>(
  client: PlanCluster["client"],
  type: ResourceType,
  { config }: PoolView,
  viewOf: (raw: Raw) => T | undefined,
): Promise<IndexedStore<T>> {
  const { namespace, name } = config;
  const labelSelector = `${labels.managedBy}=${MANAGED_BY},${labels.pool}=${name}`;
  const store = new IndexedStore<T>({ [BY_POOL]: (item) => [poolKey({ namespace: item.namespace, name: item.pool })] });
  let next: string | undefined;
  do {
    const query = { namespace, labelSelector, limit: PAGE, ...(next !== undefined && { continue: next }) };
    const page = await client.list<Raw>(type, query);
    for (const item of page.items.flatMap((raw) => viewOf(raw) ?? [])) store.set(keyOf(item), item, "");
    next = page.continue;
  } while (next !== undefined);
  return store;
}

async function askWorkers(ask: AskOperator, { config }: PoolView): Promise<Workers | { readonly why: string }> {
  try {
    const reported = workersSchema.safeParse(await ask(WORKERS_PATH, { pool: poolKey(config) }));
    return reported.success
      ? reported.data
      : { why: "the operator's response has an unknown format: use the CLI of the operator's version" };
  } catch (error) {
    if (error instanceof OperatorError) return { why: error.message };
    throw error;
  }
}

/** Without the operator's load data, the plan is that of an operator without connected gateways. */
function loadOf(reported: Workers | undefined, nowMs: number): PoolLoadView {
  const nothing = new LoadHub().view("", nowMs);
  if (reported === undefined) return nothing;
  return {
    ...nothing,
    gatewaysConnected: reported.gatewaysConnected,
    gatewaySilent: reported.gatewaySilent,
    queued: new Map(Object.entries(reported.queued)),
    deficit: new Map(Object.entries(reported.deficit ?? reported.pressure ?? {})),
    workers: new Map(reported.workers.map(({ uid, ...worker }) => [uid, worker])),
  };
}
