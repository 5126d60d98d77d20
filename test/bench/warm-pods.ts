import type { V1Deployment, V1Pod } from "@kubernetes/client-node";
import { POD_TEMPLATE_HASH } from "../../operator/api/membership.ts";
import { annotations, WARM_GATE } from "../../operator/api/names.ts";
import { avatarPools, deployments, pods } from "../../operator/kube/resource-types.ts";
import type { Json, KubeObject } from "../../operator/kube/types.ts";
import { until } from "../support/controlplane/index.ts";
import { type Cluster, NAMESPACE } from "./cluster.ts";

const LIMIT_MS = 180_000;
const HASH = "6d4cf56db6";
/** Concurrent requests while the pods are created. */
const MAKERS = 16;

/**
 * Creates ready and warm pods from the templates of the operator's Deployments, once these exist, and waits until the operator
 * counts all of them. No controller manager and no kubelet runs.
 */
export async function makeWarmPods(cluster: Cluster, groups: number, workersPerGroup: number): Promise<void> {
  const made = () => cluster.admin.list<Json<V1Deployment>>(deployments, { namespace: NAMESPACE });
  await until("the Deployments", LIMIT_MS, async () => (await made()).items.length === groups);
  const ips = addresses();
  const workers = workersOf((await made()).items, workersPerGroup);
  await atOnce(MAKERS, workers, (worker) => makePod(cluster, worker, ips.next().value));
  await until("every pod in the status", LIMIT_MS, async () => (await warmWorkers(cluster)) === groups * workersPerGroup);
}

interface Worker {
  readonly deployment: Json<V1Deployment>;
  readonly index: number;
}

function* workersOf(all: readonly Json<V1Deployment>[], perGroup: number): Generator<Worker> {
  for (const deployment of all) for (let index = 0; index < perGroup; index++) yield { deployment, index };
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

async function warmWorkers({ admin }: Cluster): Promise<number> {
  type Pool = KubeObject & { readonly status?: { readonly groups?: readonly { readonly warm: number }[] } };
  const { items } = await admin.list<Pool>(avatarPools, { namespace: NAMESPACE });
  return items.flatMap(({ status }) => status?.groups ?? []).reduce((total, group) => total + group.warm, 0);
}

/** Processes all items with limited concurrency. */
async function atOnce<T>(lanes: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const lane = async () => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
