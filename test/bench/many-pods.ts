import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import { POD_TEMPLATE_HASH } from "../../operator/api/membership.ts";
import { annotations, WARM_GATE } from "../../operator/api/names.ts";
import { avatarPools, deployments, pods } from "../../operator/kube/resource-types.ts";
import type { Json, KubeObject } from "../../operator/kube/types.ts";
import { until } from "../support/controlplane/index.ts";
import { type Cluster, listOf, NAMESPACE, poolManifest, withCluster } from "./cluster.ts";
import type { ScenarioResult } from "./figures.ts";
import { memoryOf } from "./usage.ts";

const POOLS = 100;
const WORKERS_PER_GROUP = 50;
const PODS = POOLS * 2 * WORKERS_PER_GROUP;
const LIMIT_MS = 180_000;
const HASH = "6d4cf56db6";
/** Concurrent requests while the pods are created. */
const MAKERS = 16;

/**
 * Ten thousand ready and warm pods, created from the templates of the operator's Deployments. The operator receives each change
 * through its watch; then a second operator starts and reads all pods as a list.
 */
export function manyPods(): Promise<ScenarioResult> {
  return withCluster({ kwok: false }, async (cluster) => {
    const { product, admin, kubectl } = cluster;
    const first = await product.startOperator();
    const size = [WORKERS_PER_GROUP, WORKERS_PER_GROUP] as const;
    const pools = Array.from({ length: POOLS }, (_, index) => poolManifest(`pool-${index}`, { gpu: size, cpu: size }));
    await kubectl(["create", "-f", "-"], listOf(pools));
    const made = () => admin.list<Json<V1Deployment>>(deployments, { namespace: NAMESPACE });
    await until("the Deployments", LIMIT_MS, async () => (await made()).items.length === 2 * POOLS);
    const ips = addresses();
    await atOnce(MAKERS, workersOf((await made()).items), (worker) => makePod(cluster, worker, ips.next().value));
    await until("every pod in the status", LIMIT_MS, () => allReady(cluster));
    const watched = await memoryOf(first.process);
    await first.process.stop();

    const startMs = performance.now();
    const second = await product.startOperator();
    await until("the new leader", LIMIT_MS, async () => /^avatarpool_leader 1$/m.test(await metricsOf(second.url)));
    await until("every pool reconciled", LIMIT_MS, async () => reconciles(await metricsOf(second.url)) >= POOLS);
    const listed = await memoryOf(second.process);
    return {
      figures: [
        { name: "operator MB at most, pods by watch", value: watched.peakMb, limit: 250 },
        { name: "operator MB at most, pods by list", value: listed.peakMb, limit: 250 },
      ],
      details: {
        pods: PODS,
        watched,
        listed,
        secondsFromStartToEveryPoolLookedAt: Math.round(performance.now() - startMs) / 1_000,
      },
    };
  });
}

interface Worker {
  readonly deployment: Json<V1Deployment>;
  readonly index: number;
}

function* workersOf(all: readonly Json<V1Deployment>[]): Generator<Worker> {
  for (const deployment of all) for (let index = 0; index < WORKERS_PER_GROUP; index++) yield { deployment, index };
}

/** Loopback addresses without a listener. */
function* addresses(): Generator<string, string> {
  for (let number = 0; ; number++) yield `127.250.${Math.floor(number / 250)}.${(number % 250) + 1}`;
}

/** The pod in its final state after the writes of controllers, kubelet and operator. */
async function makePod({ admin }: Cluster, { deployment, index }: Worker, podIP: string): Promise<void> {
  const { template } = deployment.spec ?? {};
  const ref = { namespace: NAMESPACE, name: `${deployment.metadata?.name}-${index}` };
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: `${deployment.metadata?.name}-${HASH}`,
    uid: HASH,
    controller: true,
  };
  const pod: Json<V1Pod> = {
    metadata: { ...ref, labels: { ...template?.metadata?.labels, [POD_TEMPLATE_HASH]: HASH }, ownerReferences: [owner] },
    spec: { ...template?.spec, nodeName: `node-${index % 10}` } as never,
  };
  await admin.create(pods, pod);
  const now = new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
  const is = (type: string) => ({ type, status: "True", lastProbeTime: null, lastTransitionTime: now });
  const status = {
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: now,
    conditions: [is("PodScheduled"), is("Initialized"), is("ContainersReady"), is("Ready"), is(WARM_GATE)],
    containerStatuses: [
      { name: "worker", image: "worker", imageID: "worker", ready: true, restartCount: 0, state: { running: { startedAt: now } } },
    ],
  };
  await admin.mergePatch(
    pods,
    ref,
    { metadata: { annotations: { [annotations.deletionCost]: "100" } }, status },
    { subresource: "status" },
  );
}

async function allReady({ admin }: Cluster): Promise<boolean> {
  type Pool = KubeObject & { readonly status?: { readonly groups?: readonly { readonly warm: number }[] } };
  const { items } = await admin.list<Pool>(avatarPools, { namespace: NAMESPACE });
  const warm = items.flatMap(({ status }) => status?.groups ?? []).reduce((total, group) => total + group.warm, 0);
  return warm === PODS;
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

function reconciles(metrics: string): number {
  return Number(/^workqueue_work_duration_seconds_count\{name="pool"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

/** Processes all items with limited concurrency. */
async function atOnce<T>(lanes: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const lane = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
