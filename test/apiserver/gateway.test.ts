import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOAD_AUDIENCE } from "../../operator/api/load-report.ts";
import { annotations, labels } from "../../operator/api/names.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { type Fleet, startFleet } from "../support/fleet/index.ts";
import { type GatewayProcess, openLoad, startGateway } from "../support/gateway/process.ts";

/** The gateway as a process with the chart's rights, before stand-in workers. There is no operator: it must not need one. */

const chart = path.join(import.meta.dirname, "..", "..", "charts", "avatarpool");
const namespace = "avatars";
const waiting = { timeout: 30_000, interval: 50 };

let plane: ControlPlane;
let fleet: Fleet;
let gateway: GatewayProcess;

beforeAll(async () => {
  plane = await startControlPlane({ nodes: [{ name: "gpu-1", gpus: 2 }] });
  fleet = await startFleet({ kubeconfig: plane.kubeconfig, timeFactor: 20, onLog: (line) => console.error(line) });
  await kubectl(["create", "namespace", namespace]);
  await kubectl(["create", "namespace", "avatarpool"]);
  await succeed(plane.run("helm", ["install", "avatarpool", chart, "--namespace=avatarpool"]));
  await create(pool("support", "20s"));
  await create(workers("support", 2));
  const kubeconfig = await plane.serviceAccountKubeconfig("avatarpool", "avatarpool-gateway");
  gateway = await startGateway({ KUBECONFIG: kubeconfig });
});

afterAll(async () => {
  await gateway?.stop();
  await fleet?.stop();
  await plane?.stop();
});

async function succeed(run: ReturnType<ControlPlane["run"]>): Promise<string> {
  const { code, stdout, stderr } = await run;
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const kubectl = (args: readonly string[], stdin = "") => succeed(plane.kubectl(args, { stdin }));
const create = (object: unknown) => kubectl(["create", "-f", "-"], JSON.stringify(object));

function pool(name: string, deadline: string) {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { namespace, name },
    spec: {
      apiSecretRef: { name: "maker" },
      presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", max: 2 }],
      launch: { queue: { deadline } },
    },
  };
}

/** What the operator would make of the pool, as far as the gateway looks at it. */
function workers(name: string, replicas: number) {
  const own = { [labels.pool]: name, [labels.group]: "gpu", [labels.engine]: "expression" };
  const container = {
    name: "worker",
    image: "worker:1",
    env: [{ name: "MAX_SESSIONS", value: "2" }],
    resources: { limits: { "nvidia.com/gpu": "1" } },
    startupProbe: { httpGet: { path: "/ready", port: 8089 }, periodSeconds: 2, failureThreshold: 60 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace, name },
    spec: { replicas, selector: { matchLabels: own }, template: { metadata: { labels: own }, spec: { containers: [container] } } },
  };
}

function launch(room: string, to = "support") {
  const body = new URLSearchParams({ livekit_url: "ws://livekit.test", livekit_token: "token", room_name: room });
  return fetch(`${gateway.launches}/${namespace}/${to}/launch`, { method: "POST", body });
}

const operatorToken = () => plane.serviceAccountToken("avatarpool", "avatarpool-operator", LOAD_AUDIENCE);

describe("a gateway with the chart's rights", () => {
  it("is ready once pools and workers are listed", async () => {
    await expect.poll(async () => (await fetch(`${gateway.internal}/readyz`)).status, waiting).toBe(200);
  });

  it("holds a launch until a worker is ready, and then packs sessions", async () => {
    const answers = [await launch("room-1"), await launch("room-2")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1]?.headers.get("x-avatarpool-worker")).toBe(answers[0]?.headers.get("x-avatarpool-worker"));
    expect(fleet.totals).toMatchObject({ refused503: 0, served: 2 });
  });

  it("tells the operator, and nobody else, about its workers", async () => {
    expect((await openLoad(gateway.internal, "")).status).toBe(401);
    const stranger = await plane.serviceAccountToken("avatarpool", "avatarpool-gateway", LOAD_AUDIENCE);
    expect((await openLoad(gateway.internal, stranger)).status).toBe(401);
    const otherAudience = await plane.serviceAccountToken("avatarpool", "avatarpool-operator", "https://elsewhere.test");
    expect((await openLoad(gateway.internal, otherAudience)).status).toBe(401);

    const load = await openLoad(gateway.internal, await operatorToken());
    const sessions = () =>
      load.last
        .get("support")
        ?.workers.map((worker) => worker.sessions)
        .sort();
    await expect.poll(sessions, waiting).toEqual([0, 2]);
    load.close();
  });

  it("sends nothing to a cordoned worker, and tells the operator that it has seen the cordon", async () => {
    const load = await openLoad(gateway.internal, await operatorToken());
    const loads = () => load.last.get("support")?.workers ?? [];
    await expect.poll(() => loads().length, waiting).toBe(2);
    const idle = loads().find(({ sessions }) => sessions === 0)?.pod ?? "";
    await kubectl(["annotate", "pod", idle, `--namespace=${namespace}`, `${annotations.cordoned}=now`]);
    await expect.poll(() => loads().find(({ pod }) => pod === idle)?.cordoned, waiting).toBe(true);
    const waits = launch("room-3");
    await expect.poll(() => load.last.get("support")?.queued, waiting).toEqual({ maya: 1 });
    await kubectl(["annotate", "pod", idle, `--namespace=${namespace}`, `${annotations.cordoned}-`]);
    expect((await waits).headers.get("x-avatarpool-path")).toBe("queued");
    load.close();
  });

  it("serves while the API server is away, and finds its way back", async () => {
    await plane.stopApiServer();
    expect((await launch("room-4")).status).toBe(200);
    expect((await fetch(`${gateway.internal}/readyz`)).status).toBe(200);
    await plane.startApiServer();
    await create(pool("second", "2s"));
    const known = async () => (await fetch(`${gateway.launches}/${namespace}/second/launch`, { method: "POST", body: "" })).status;
    await expect.poll(known, waiting).toBe(415);
  });

  it("ends at SIGTERM, once the launches under way have their answers", async () => {
    const waits = launch("room-5", "second");
    const second = await openLoad(gateway.internal, await operatorToken());
    await expect.poll(() => second.last.get("second")?.queued, waiting).toEqual({ maya: 1 });
    second.close();
    const exit = gateway.stop();
    const refused = await waits;
    expect([refused.status, (await refused.json()) as unknown]).toMatchObject([503, { error: { code: "deadline_exceeded" } }]);
    expect(await exit).toBe(0);
  });
});
