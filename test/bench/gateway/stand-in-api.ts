import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { POD_TEMPLATE_HASH } from "../../../operator/api/membership.ts";
import { API_GROUP_VERSION, annotations, KIND, labels, WARM_GATE } from "../../../operator/api/names.ts";
import { deploymentName } from "../../../operator/api/pool-config.ts";
import type { AvatarPoolSpecInput } from "../../../operator/api/v1alpha1/index.ts";
import { addressesOf, WORKER_PORT } from "./addresses.ts";

export const POOL = { namespace: "avatars", name: "support" } as const;
export const GROUP = "gpu";
const HASH = "7d9c8b6f5d";
const REPLICA_SET = `${deploymentName(POOL.name, GROUP)}-${HASH}`;
const OPERATOR = "system:serviceaccount:avatarpool:avatarpool-operator";

export interface StandInApi extends AsyncDisposable {
  readonly kubeconfig: string;
  /** Temporary folder. Processes may put their files here; disposal removes them. */
  readonly folder: string;
}

/** The part of an API server that a gateway needs: paged lists of one pool and its workers, and watches without events. */
export async function standInApi(workers: { readonly count: number; readonly slots: number }): Promise<StandInApi> {
  const pool = poolObject(workers.slots);
  const pods = addressesOf(workers.count).map(podObject);
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://api");
    if (searchParams.get("watch") === "true") return void response.writeHead(200).flushHeaders();
    if (pathname.endsWith("/avatarpools")) return send(response, list([pool]));
    if (pathname.endsWith("/pods")) return send(response, page(pods, searchParams));
    if (pathname.endsWith("/tokenreviews")) return send(response, review, 201);
    return send(response, { kind: "Status", status: "Failure", code: 404 }, 404);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-bench-"));
  const kubeconfig = path.join(folder, "kubeconfig");
  await writeFile(kubeconfig, JSON.stringify(kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));
  return {
    kubeconfig,
    folder,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true });
    },
  };
}

const review = { status: { authenticated: true, user: { username: OPERATOR }, audiences: ["avatarpool-gateway"] } };

function send(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function list(items: readonly object[], token?: string) {
  return { metadata: { resourceVersion: "1", ...(token === undefined ? {} : { continue: token }) }, items };
}

function page(items: readonly object[], query: URLSearchParams) {
  const from = Number(query.get("continue") ?? 0);
  const to = from + Number(query.get("limit") ?? items.length);
  return list(items.slice(from, to), to < items.length ? String(to) : undefined);
}

function poolObject(slots: number) {
  const spec: AvatarPoolSpecInput = {
    apiSecretRef: { name: "maker" },
    presets: ["maya", "leo", "nora"].map((name) => ({ name, image: { url: `https://example.com/${name}.jpg` } })),
    workers: [{ name: GROUP, engine: "expression", sessionsPerWorker: slots, max: 5_000 }],
  };
  const metadata = { ...POOL, uid: "pool", generation: 1, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };
  return { apiVersion: API_GROUP_VERSION, kind: KIND, metadata, spec };
}

/** Includes the large parts of real pods: environment, volumes, statuses and managed fields. */
function podObject(ip: string, index: number) {
  const name = `${POOL.name}-${GROUP}-7d9c8b6f5d-${String(index).padStart(5, "0")}`;
  const env = Array.from({ length: 12 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `value ${at}` }));
  const volumeMounts = ["models", "weights", "shm", "token"].map((volume) => ({ name: volume, mountPath: `/data/${volume}` }));
  const conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready", WARM_GATE].map((type) => ({
    type,
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }));
  return {
    metadata: {
      name,
      namespace: POOL.namespace,
      uid: `0b3c1d7e-5f7a-4c1e-9d2b-${String(index).padStart(12, "0")}`,
      resourceVersion: String(1_000 + index),
      labels: { [labels.pool]: POOL.name, [labels.group]: GROUP, [labels.engine]: "expression", [POD_TEMPLATE_HASH]: HASH },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: REPLICA_SET, uid: "a-replica-set", controller: true }],
      annotations: { [annotations.deletionCost]: "0" },
      managedFields: Array.from({ length: 3 }, (_, at) => ({ manager: `manager-${at}`, fieldsV1: { "f:spec": "f:".repeat(500) } })),
    },
    spec: {
      containers: [
        { name: "worker", image: "registry.example.com/worker:1", env, volumeMounts, ports: [{ containerPort: WORKER_PORT }] },
      ],
    },
    status: { phase: "Running", podIP: ip, conditions, containerStatuses: [{ name: "worker", ready: true, restartCount: 0 }] },
  };
}

function kubeconfigFor(server: string) {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "bench", user: { token: "bench" } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "bench" } }],
    "current-context": "bench",
  };
}
