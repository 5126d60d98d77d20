import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LOAD_AUDIENCE } from "../../operator/api/load-report.ts";
import { annotations } from "../../operator/api/names.ts";
import {
  type GatewayCluster,
  NAMESPACE,
  poolObject,
  RELEASE,
  startGatewayCluster,
  workersObject,
} from "../support/gateway/cluster.ts";
import { type GatewayProcess, openLoad, startGateway } from "../support/gateway/process.ts";

/** The gateway as a process with the chart's permissions and stand-in workers. No operator runs: the gateway must not need one. */

const waiting = { timeout: 30_000, interval: 50 };

let cluster: GatewayCluster;
let gateway: GatewayProcess;

beforeAll(async () => {
  cluster = await startGatewayCluster({ gpus: 2, timeFactor: 20 });
  await cluster.create(pool("support", "20s"));
  await cluster.create(workersObject("support", 2, { MAX_SESSIONS: "2" }));
  gateway = await startGateway({ KUBECONFIG: await cluster.plane.serviceAccountKubeconfig(RELEASE, "avatarpool-gateway") });
});

afterAll(async () => {
  await gateway?.stop();
  await cluster?.[Symbol.asyncDispose]();
});

const pool = (name: string, deadline: string) => poolObject(name, 2, { launch: { queue: { deadline } } });

function launch(room: string, to = "support") {
  const body = new URLSearchParams({ livekit_url: "ws://livekit.test", livekit_token: "token", room_name: room });
  return fetch(`${gateway.launches}/${NAMESPACE}/${to}/launch`, { method: "POST", body });
}

const operatorToken = () => cluster.plane.serviceAccountToken(RELEASE, "avatarpool-operator", LOAD_AUDIENCE);

describe("a gateway with the chart's permissions", () => {
  it("is ready once pools and workers are listed", async () => {
    await expect.poll(async () => (await fetch(`${gateway.internal}/readyz`)).status, waiting).toBe(200);
  });

  it("holds a launch until a worker is ready, and then packs sessions", async () => {
    const answers = [await launch("room-1"), await launch("room-2")];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[1]?.headers.get("x-avatarpool-worker")).toBe(answers[0]?.headers.get("x-avatarpool-worker"));
    expect(cluster.fleet.totals).toMatchObject({ refused503: 0, served: 2 });
  });

  it("reports its workers to the operator only", async () => {
    expect((await openLoad(gateway.internal, "")).status).toBe(401);
    const stranger = await cluster.plane.serviceAccountToken(RELEASE, "avatarpool-gateway", LOAD_AUDIENCE);
    expect((await openLoad(gateway.internal, stranger)).status).toBe(401);
    const otherAudience = await cluster.plane.serviceAccountToken(RELEASE, "avatarpool-operator", "https://elsewhere.test");
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

  it("sends no launches to a cordoned worker, and acknowledges the cordon to the operator", async () => {
    const load = await openLoad(gateway.internal, await operatorToken());
    const loads = () => load.last.get("support")?.workers ?? [];
    await expect.poll(() => loads().length, waiting).toBe(2);
    const idle = loads().find(({ sessions }) => sessions === 0)?.pod ?? "";
    await cluster.kubectl(["annotate", "pod", idle, `--namespace=${NAMESPACE}`, `${annotations.cordoned}=now`]);
    await expect.poll(() => loads().find(({ pod }) => pod === idle)?.cordoned, waiting).toBe(true);
    const waits = launch("room-3");
    await expect.poll(() => load.last.get("support")?.queued, waiting).toEqual({ maya: 1 });
    await cluster.kubectl(["annotate", "pod", idle, `--namespace=${NAMESPACE}`, `${annotations.cordoned}-`]);
    expect((await waits).headers.get("x-avatarpool-path")).toBe("queued");
    load.close();
  });

  it("serves while the API server is unavailable, and reconnects afterwards", async () => {
    await cluster.plane.stopApiServer();
    expect((await launch("room-4")).status).toBe(200);
    expect((await fetch(`${gateway.internal}/readyz`)).status).toBe(200);
    await cluster.plane.startApiServer();
    await cluster.create(pool("second", "2s"));
    const known = async () => (await fetch(`${gateway.launches}/${NAMESPACE}/second/launch`, { method: "POST", body: "" })).status;
    await expect.poll(known, waiting).toBe(415);
  });

  it("exits on SIGTERM after the launches in progress have finished", async () => {
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
