import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labels, WARM_GATE } from "../../operator/api/names.ts";
import { KubeClient } from "../../operator/kube/client.ts";
import { deployments, pods, secrets } from "../../operator/kube/resource-types.ts";
import type { KubeObject } from "../../operator/kube/types.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { type Fleet, startFleet } from "../support/fleet/index.ts";
import { conditionOf, type Pod } from "../support/fleet/pod.ts";

/** The stand-in fleet on real controllers. The other tests rely on pods that behave as under a kubelet. */

const namespace = "default";
const waiting = { timeout: 30_000, interval: 50 };

let plane: ControlPlane;
let fleet: Fleet;
let client: KubeClient;
let files: Server;
let serveFile: RequestListener;

beforeAll(async () => {
  plane = await startControlPlane({ nodes: [{ name: "gpu-1", gpus: 8 }] });
  fleet = await startFleet({ kubeconfig: plane.kubeconfig, timeFactor: 20, onLog: (line) => console.error(line) });
  const config = new KubeConfig();
  config.loadFromFile(plane.kubeconfig);
  client = new KubeClient(config, { userAgent: "fleet-test" });
  files = createServer((request, response) => serveFile(request, response));
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  files?.close();
  await client?.close();
  await fleet?.stop();
  await plane?.stop();
});

interface Template {
  readonly engine: "expression" | "essence";
  readonly replicas?: number;
  readonly image?: string;
  readonly env?: readonly object[];
  readonly gated?: boolean;
  readonly modelUrl?: string;
}

function deploy(name: string, template: Template): Promise<KubeObject> {
  const {
    engine,
    replicas = 1,
    image = "worker:1",
    env = [{ name: "MAX_SESSIONS", value: "1" }],
    gated = false,
    modelUrl,
  } = template;
  const app = { app: name };
  const probe = (path: string, periodSeconds: number) => ({ httpGet: { path, port: "http" }, periodSeconds, failureThreshold: 60 });
  const fetchAssets = {
    name: "fetch-assets",
    image: "avatarpool:1",
    env: [
      { name: "AVATARPOOL_ASSETS_0", value: JSON.stringify([{ name: "leo", url: modelUrl }]) },
      { name: "AVATARPOOL_ASSETS_DIR", value: "/models" },
    ],
  };
  const worker = {
    name: "worker",
    image,
    env,
    ports: [{ name: "http", containerPort: 8089 }],
    startupProbe: probe("/ready", 2),
    readinessProbe: probe("/health", 5),
    lifecycle: { preStop: { httpGet: { path: "/drain", port: 8099 } } },
    ...(engine === "expression" && { resources: { limits: { "nvidia.com/gpu": "1" } } }),
  };
  const manifest = {
    metadata: { namespace, name },
    spec: {
      replicas,
      selector: { matchLabels: app },
      template: {
        metadata: { labels: { ...app, [labels.engine]: engine } },
        spec: {
          terminationGracePeriodSeconds: 600,
          ...(gated && { readinessGates: [{ conditionType: WARM_GATE }] }),
          ...(modelUrl !== undefined && { initContainers: [fetchAssets] }),
          containers: [worker],
        },
      },
    },
  };
  return client.create<KubeObject>(deployments, manifest);
}

async function podsOf(app: string): Promise<readonly Pod[]> {
  return (await client.list<Pod>(pods, { namespace, labelSelector: `app=${app}` })).items;
}

async function statuses(app: string, condition: string) {
  return (await podsOf(app)).map((pod) => conditionOf(pod, condition)?.status);
}

/** Sets the warm gate as the operator does: by a server-side apply of this one condition. */
function setWarm(pod: Pod, status: "True" | "False") {
  const conditions = [{ type: WARM_GATE, status }];
  const object = { metadata: { namespace, name: pod.metadata?.name }, status: { conditions } } as unknown as Pod;
  return client.apply<Pod>(pods, object, { subresource: "status" });
}

async function launch(podName: string, fields: Record<string, string> = {}) {
  const form = {
    livekit_url: "ws://livekit.test",
    livekit_token: "token",
    room_name: "room",
    avatar_image_url: "http://images.test/maya.jpg",
    ...fields,
  };
  const response = await fetch(`${fleet.worker(podName)?.url}/launch`, { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("two GPU workers with a readiness gate", () => {
  const app = "gpu";

  it("are Ready only when the startup probe has passed and the gate is True", async () => {
    await deploy(app, { engine: "expression", replicas: 2, gated: true });
    await expect.poll(() => fleet.workers().map(({ state }) => state), waiting).toEqual(["loading", "loading"]);
    expect(await statuses(app, "ContainersReady")).not.toContain("True");

    await expect.poll(() => statuses(app, "ContainersReady"), waiting).toEqual(["True", "True"]);
    expect(fleet.workers().map(({ state }) => state)).toEqual(["ready", "ready"]);
    const [first, second] = await podsOf(app);
    expect(conditionOf(first!, "Ready")).toMatchObject({
      status: "False",
      reason: "ReadinessGatesNotReady",
      message: `corresponding condition of pod readiness gate "${WARM_GATE}" does not exist.`,
    });

    await setWarm(first!, "True");
    await setWarm(second!, "True");
    await expect.poll(() => statuses(app, "Ready"), waiting).toEqual(["True", "True"]);
    const ready = async () =>
      (await client.get<KubeObject & { status?: { availableReplicas?: number } }>(deployments, { namespace, name: app }))?.status;
    await expect.poll(ready, waiting).toMatchObject({ availableReplicas: 2 });
  });

  it("lose Ready with the gate, and regain it with the gate", async () => {
    const [pod] = await podsOf(app);
    await setWarm(pod!, "False");
    await expect.poll(() => statuses(app, "Ready"), waiting).toContain("False");
    await setWarm(pod!, "True");
    await expect.poll(() => statuses(app, "Ready"), waiting).toEqual(["True", "True"]);
  });

  it("stay Ready while full, and a deleted busy pod stays until its session has ended", async () => {
    const [pod] = await podsOf(app);
    const name = pod?.metadata?.name ?? "";
    const worker = fleet.worker(name);
    const { body } = await launch(name, { x_session_seconds: "40" });
    await expect.poll(() => worker?.task(String(body.task_id))?.state, waiting).toBe("running");
    expect((await fetch(`${worker?.url}/ready`)).status).toBe(503);
    expect(await launch(name)).toMatchObject({ status: 503, body: { status: "at_capacity" } });
    expect(await statuses(app, "Ready")).toEqual(["True", "True"]);

    await client.delete(pods, { namespace, name });
    const object = await client.get<Pod>(pods, { namespace, name });
    expect(object?.metadata?.deletionGracePeriodSeconds).toBe(600);
    expect(conditionOf(object!, "Ready")?.status).toBe("True");
    await expect.poll(() => client.get(pods, { namespace, name }), waiting).toBeUndefined();
    expect(fleet.totals).toMatchObject({ served: 1, sessionsEnded: 1, sessionsKilled: 0 });
    expect(fleet.worker(name)).toBeUndefined();
  });

  it.each([
    ["by force", 0, "the pod was deleted by force"],
    ["with too short a grace period", 20, "the pod was deleted, and its grace period of 20 s was over"],
  ])("count a session as killed, with pod and reason, when its pod is deleted %s", async (_, gracePeriodSeconds, reason) => {
    await expect.poll(() => statuses(app, "ContainersReady"), waiting).toEqual(["True", "True"]);
    const name = (await podsOf(app))[0]?.metadata?.name ?? "";
    const killedBefore = fleet.totals.sessionsKilled;
    await launch(name);
    await client.delete(pods, { namespace, name }, { gracePeriodSeconds });
    await expect.poll(() => fleet.totals.sessionsKilled, waiting).toBe(killedBefore + 1);
    expect(fleet.totals.kills.at(-1)).toMatchObject({ pod: `default/${name}`, roomName: "room", reason });
    await expect.poll(() => client.get(pods, { namespace, name }), waiting).toBeUndefined();
  });
});

it("a crashed worker restarts and counts its sessions as killed", async () => {
  await deploy("crash", { engine: "expression" });
  await expect.poll(() => statuses("crash", "Ready"), waiting).toEqual(["True"]);
  const name = (await podsOf("crash"))[0]?.metadata?.name ?? "";
  await launch(name);
  const killedBefore = fleet.totals.sessionsKilled;
  fleet.fail(name, "crash");
  expect(fleet.totals.sessionsKilled).toBe(killedBefore + 1);
  await expect
    .poll(async () => (await podsOf("crash"))[0]?.status?.containerStatuses?.[0], waiting)
    .toMatchObject({
      restartCount: 1,
      ready: true,
      lastState: { terminated: { exitCode: 137, message: "the worker crashed" } },
    });
  expect(fleet.worker(name)?.activeSessions).toBe(0);
});

it("a model URL that returns 404 keeps the pod from starting, with the reason; once the model exists, the worker serves it", async () => {
  serveFile = (_, response) => response.writeHead(404).end();
  const modelUrl = `http://127.0.0.1:${(files.address() as AddressInfo).port}/leo.imx`;
  await deploy("cpu", { engine: "essence", modelUrl });
  const initStatus = async () => (await podsOf("cpu"))[0]?.status?.initContainerStatuses?.[0];
  await expect.poll(initStatus, waiting).toMatchObject({
    state: { waiting: { reason: "CrashLoopBackOff" } },
    lastState: { terminated: { exitCode: 1, message: expect.stringContaining(`preset leo: ${modelUrl} answered 404 Not Found`) } },
  });
  expect((await podsOf("cpu"))[0]?.status?.phase).toBe("Pending");

  serveFile = (_, response) => response.end("a model");
  await expect.poll(() => statuses("cpu", "Ready"), waiting).toEqual(["True"]);
  const name = (await podsOf("cpu"))[0]?.metadata?.name ?? "";
  expect(await launch(name, { avatar_id: "maya" })).toMatchObject({ status: 400 });
  expect(await launch(name, { avatar_id: "leo" })).toMatchObject({ status: 200 });
});

it("a pod whose image cannot be pulled waits with the kubelet's reason and message", async () => {
  await deploy("pull", { engine: "expression", image: "worker-does-not-exist:1" });
  await expect
    .poll(async () => (await podsOf("pull"))[0]?.status?.containerStatuses?.[0]?.state?.waiting, waiting)
    .toMatchObject({
      reason: "ImagePullBackOff",
      message: expect.stringMatching(/^Back-off pulling image "worker-does-not-exist:1": ErrImagePull: .* not found$/),
    });
});

it("a pod with a missing Secret or key waits with the kubelet's message, and starts once the Secret exists", async () => {
  const env = [{ name: "BITHUMAN_API_SECRET", valueFrom: { secretKeyRef: { name: "bithuman", key: "api-secret" } } }];
  const reason = async () => (await podsOf("secret"))[0]?.status?.containerStatuses?.[0]?.state?.waiting;
  await deploy("secret", { engine: "expression", env });
  await expect.poll(reason, waiting).toEqual({ reason: "CreateContainerConfigError", message: 'secret "bithuman" not found' });
  const secret = { metadata: { namespace, name: "bithuman" }, stringData: { other: "x" } };
  await client.create<KubeObject>(secrets, secret);
  await expect
    .poll(reason, waiting)
    .toEqual({ reason: "CreateContainerConfigError", message: "couldn't find key api-secret in Secret default/bithuman" });
  await client.mergePatch(secrets, { namespace, name: "bithuman" }, { stringData: { "api-secret": "x" } });
  await expect.poll(() => statuses("secret", "Ready"), waiting).toEqual(["True"]);
});
