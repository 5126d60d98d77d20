import { randomUUID } from "node:crypto";
import { KubeConfig, type V1Deployment, type V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { KubeClient } from "../../operator/kube/client.ts";
import { avatarPools, deployments, pods } from "../../operator/kube/resource-types.ts";
import type { Json } from "../../operator/kube/types.ts";
import { EVENT_INTERVAL_MS } from "../../operator/pool/report/pool-events.ts";
import { type RequestCounts, requestCounts, requestsBetween, writesOf } from "../support/api-requests.ts";
import { type ControlPlane, startControlPlane, until } from "../support/controlplane/index.ts";
import { Product } from "../support/product/product.ts";

/**
 * Without changes the operator writes nothing. The API server itself counts the writes. No controller, scheduler or kubelet
 * runs: every write is the operator's or this test's.
 */
const NAMESPACE = "avatars";
const GPU = { namespace: NAMESPACE, name: "support-gpu" };
/** Longer than any write that the operator delays after a change, such as an event that combines several changes. */
const QUIET_MS = EVENT_INTERVAL_MS + 1_000;
const LIMIT = { timeout: 20_000, interval: 100 };

const pool = {
  apiVersion: "avatarpool.dev/v1alpha1",
  kind: "AvatarPool",
  metadata: { namespace: NAMESPACE, name: "support" },
  spec: {
    apiSecretRef: { name: "bithuman" },
    presets: [
      { name: "maya", image: { url: "https://example.com/maya.jpg" } },
      { name: "leo", model: { url: "https://example.com/leo.imx" } },
    ],
    workers: [
      { name: "gpu", engine: "expression", min: 2, max: 4 },
      { name: "cpu", engine: "essence", image: "registry.example.com/essence:1", min: 1, max: 4 },
    ],
    // A fixed number, because a forecast changes over time.
    warm: { slots: 1 },
  },
};

let plane: ControlPlane;
let product: Product;
let admin: KubeClient;
let operatorUrl: string;

beforeAll(async () => {
  plane = await startControlPlane({ kwok: false });
  const config = new KubeConfig();
  config.loadFromFile(plane.kubeconfig);
  admin = new KubeClient(config, { userAgent: "test" });
  product = await Product.install(plane);
  await kubectl("create", "namespace", NAMESPACE);
  await kubectl("-n", NAMESPACE, "create", "secret", "generic", "bithuman", "--from-literal=api-secret=not-a-secret");
  await product.startGateway();
  operatorUrl = (await product.startOperator()).url;
  await admin.create(avatarPools, pool);
  await until("the Deployments", 20_000, async () => (await replicas("support-cpu")) === 1);
  await makePod(await deployment());
});

afterAll(async () => {
  await admin?.close();
  await product?.stop();
  await plane?.stop();
});

beforeEach(() => untilQuiet());

async function kubectl(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await plane.kubectl(args);
  if (code !== 0) throw new Error(stderr);
}

async function deployment(): Promise<Json<V1Deployment>> {
  const found = await admin.get<Json<V1Deployment>>(deployments, GPU);
  if (found === undefined) throw new Error("the Deployment does not exist");
  return found;
}

async function replicas(name: string): Promise<number | undefined> {
  return (await admin.get<Json<V1Deployment>>(deployments, { namespace: NAMESPACE, name }))?.spec?.replicas;
}

/** Creates a Pending worker as its ReplicaSet would. */
async function makePod({ spec }: Json<V1Deployment>): Promise<void> {
  const hash = "1";
  const labels = { ...spec?.template?.metadata?.labels, "pod-template-hash": hash };
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${GPU.name}-${hash}`, uid: randomUUID(), controller: true };
  const metadata = { namespace: NAMESPACE, name: "support-gpu-1", labels, ownerReferences: [owner] };
  await admin.create<Json<V1Pod>>(pods, { metadata, spec: spec?.template?.spec as never });
}

/** Waits until the operator has handled all earlier changes. */
async function untilQuiet(): Promise<void> {
  for (;;) {
    const before = await requestCounts(plane);
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    if (Object.keys(await writesSince(before)).length === 0) return;
  }
}

async function writesSince(before: RequestCounts): Promise<Record<string, number>> {
  return writesOf(requestsBetween(before, await requestCounts(plane)));
}

async function reconciles(): Promise<number> {
  const metrics = await (await fetch(`${operatorUrl}/metrics`)).text();
  return Number(/^workqueue_work_duration_seconds_count\{name="pool"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

it("writes nothing while nothing changes", async () => {
  const before = await requestCounts(plane);
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  expect(await writesSince(before)).toEqual({});
});

it("writes nothing when an up-to-date pool is reconciled again", async () => {
  const [before, reconciledBefore] = [await requestCounts(plane), await reconciles()];
  // A change of a worker that does not affect its state.
  await admin.mergePatch(pods, { namespace: NAMESPACE, name: "support-gpu-1" }, { metadata: { annotations: { note: "seen" } } });
  await expect.poll(reconciles, LIMIT).toBeGreaterThan(reconciledBefore);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(await writesSince(before)).toEqual({ "PATCH pods": 1 });
});

it("restores a size that a user changed, with one write to the Deployment", async () => {
  const before = await requestCounts(plane);
  await kubectl("-n", NAMESPACE, "scale", "deployment", "support-gpu", "--replicas=0");
  await expect.poll(() => replicas("support-gpu"), LIMIT).toBe(2);
  await untilQuiet();
  expect(await replicas("support-gpu")).toBe(2);
  expect((await writesSince(before))["APPLY deployments"]).toBe(1);
});

it("restores a template that a user edited", async () => {
  const image = (await deployment()).spec?.template?.spec?.containers?.[0]?.image;
  await kubectl("-n", NAMESPACE, "set", "image", "deployment/support-gpu", "worker=example.com/other:2");
  await expect.poll(async () => (await deployment()).spec?.template?.spec?.containers?.[0]?.image, LIMIT).toBe(image);
});
