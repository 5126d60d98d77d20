import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { LOAD_AUDIENCE } from "../../operator/api/load-report.ts";
import {
  type GatewayCluster,
  NAMESPACE,
  poolObject,
  RELEASE,
  startGatewayCluster,
  workersObject,
} from "../support/gateway/cluster.ts";
import { roomToken } from "../support/gateway/harness.ts";
import { type GatewayProcess, startGateway } from "../support/gateway/process.ts";
import { freePort } from "../support/product/free-port.ts";

/** Several gateways as processes that are connected to each other, with stand-in workers and without an operator. */

const waiting = { timeout: 30_000, interval: 50 };

let cluster: GatewayCluster;
const gateways: GatewayProcess[] = [];
let startAgain: (index: number) => Promise<void>;

beforeAll(async () => {
  cluster = await startGatewayCluster({ gpus: 4, timeFactor: 20, values: "gateway.replicas=0" });
  await cluster.create(poolObject("support", 4, { launch: { queue: { deadline: "20s" } } }));
  await cluster.create(workersObject("support", 4, { MAX_SESSIONS: "50" }));
  const { plane, fleet } = cluster;
  const kubeconfig = await plane.serviceAccountKubeconfig(RELEASE, "avatarpool-gateway");
  const tokenFile = path.join(plane.folder, "peer-token");
  await writeFile(tokenFile, await plane.serviceAccountToken(RELEASE, "avatarpool-gateway", LOAD_AUDIENCE));
  const ports = [await freePort(), await freePort(), await freePort()];
  startAgain = async (index) => {
    gateways[index] = await startGateway({
      KUBECONFIG: kubeconfig,
      AVATARPOOL_INTERNAL_PORT: String(ports[index]),
      AVATARPOOL_GATEWAYS: ports.map((port) => `http://127.0.0.1:${port}`).join(","),
      AVATARPOOL_PEER_TOKEN_FILE: tokenFile,
      AVATARPOOL_SETTLE_SECONDS: "3",
    });
    await vi.waitUntil(() => isReady(gateways[index]!), waiting);
  };
  await Promise.all(ports.map((_port, index) => startAgain(index)));
  await vi.waitUntil(() => fleet.workers().filter(({ state }) => state === "ready").length === 4, waiting);
});

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.kill()));
  await cluster?.[Symbol.asyncDispose]();
});

async function isReady({ internal }: GatewayProcess): Promise<boolean> {
  const response = await fetch(`${internal}/readyz`).catch(() => undefined);
  return response?.status === 200;
}

async function launch(gateway: GatewayProcess | undefined, room: string, to = "support", token = "token") {
  const body = new URLSearchParams({ livekit_url: "ws://livekit.test", livekit_token: token, room_name: room });
  // Short enough that no worker becomes full, long enough that the gateways observe the session.
  body.set("prompt", "x_session_seconds=100");
  const response = await fetch(`${gateway?.launches}/${NAMESPACE}/${to}/launch`, { method: "POST", body });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

const sessionsIn = (room: string) =>
  cluster.fleet.workers().flatMap(({ tasks }) => tasks.filter(({ roomName }) => roomName === room));

/** A launch as the maker's client sends it for an agent. */
const launchFor = (agent: string, gateway: GatewayProcess | undefined, room: string) =>
  launch(gateway, room, "support", roomToken({ identity: "bithuman-avatar-agent", agent }));

const liveIn = (room: string) =>
  sessionsIn(room)
    .filter(({ state }) => state === "pending" || state === "running")
    .map(({ id }) => id);

describe("several gateways", () => {
  it("start a launch once, whichever gateway receives its retries, concurrent or later", async () => {
    const both = await Promise.all([launch(gateways[0], "room-1"), launch(gateways[1], "room-1")]);
    const later = await launch(gateways[2], "room-1");
    const ids = [...both, later].map(({ body }) => body.task_id);
    expect([...both, later].map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(ids).size).toBe(1);
    expect(sessionsIn("room-1")).toHaveLength(1);
  });

  it("start a new session for an agent that is dispatched again, and end the previous one", async () => {
    for (const [at, room] of ["again-1", "again-2", "again-3"].entries()) {
      const first = await launchFor("agent-1", gateways[at], room);
      const second = await launchFor("agent-2", gateways[(at + 1) % 3], room);
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.body.task_id).not.toBe(first.body.task_id);
      await expect.poll(() => liveIn(room), waiting).toEqual([second.body.task_id]);
    }
  });

  it("start a launch again after its session was ended, whichever gateway ended it", async () => {
    for (const [ends, asked] of [0, 1, 2].flatMap((one) => [0, 1, 2].map((other) => [one, other] as const))) {
      const room = `ended-${ends}-${asked}`;
      for (const gateway of gateways) await launchFor("agent-1", gateway, room);
      expect(liveIn(room)).toHaveLength(1);
      const url = `${gateways[ends]?.launches}/${NAMESPACE}/support/sessions/${room}`;
      // A gateway that did not launch the session finds it with the next poll of the workers.
      await expect.poll(async () => (await fetch(url, { method: "DELETE" })).status, waiting).toBe(200);
      expect(liveIn(room)).toEqual([]);
      const again = await launchFor("agent-1", gateways[asked], room);
      expect([again.status, liveIn(room)]).toEqual([200, [again.body.task_id]]);
    }
  });

  it("do not duplicate a launch whose gateway is killed while the worker starts it", async () => {
    for (const worker of cluster.fleet.workers()) cluster.fleet.fail(worker.pod.name, "slow");
    const before = cluster.fleet.totals.launches;
    const rooms = ["killed-1", "killed-2", "killed-3", "killed-4"];
    const lost = Promise.allSettled(rooms.map((room) => launch(gateways[0], room)));
    await expect.poll(() => cluster.fleet.totals.launches, waiting).toBeGreaterThanOrEqual(before + 4);
    await gateways[0]?.kill();
    await lost;
    const again = await Promise.all(rooms.map((room, index) => launch(gateways[1 + (index % 2)], room)));
    expect(again.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(rooms.map((room) => sessionsIn(room).length)).toEqual([1, 1, 1, 1]);
    for (const worker of cluster.fleet.workers()) cluster.fleet.fail(worker.pod.name, "none");
    await startAgain(0);
  });

  it("are replaced one by one without a failed launch", async () => {
    const outcomes: unknown[] = [];
    const stopped = new AbortController();
    // A load balancer that probes each gateway twice a second, because a Service's endpoints lag too.
    let live = [...gateways];
    const balance = (async () => {
      while (!stopped.signal.aborted) {
        const states = await Promise.all(gateways.map(async (gateway) => ((await isReady(gateway)) ? [gateway] : [])));
        live = states.flat();
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    })();
    const callers = Array.from({ length: 4 }, async (_, caller) => {
      for (let at = 0; !stopped.signal.aborted; at += 1) {
        const gateway = live[(caller + at) % live.length];
        const answer = await launch(gateway, `rollout-${caller}-${at}`).catch(String);
        outcomes.push(typeof answer === "string" ? answer : answer.status === 200 ? 200 : answer.body);
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
    });
    for (const index of [0, 1]) {
      expect(await gateways[index]?.stop()).toBe(0);
      await startAgain(index);
    }
    stopped.abort();
    await Promise.all([balance, ...callers]);
    expect(outcomes.length).toBeGreaterThan(50);
    expect(outcomes.filter((outcome) => outcome !== 200)).toEqual([]);
  });

  it("serve and agree while the API server is unavailable, and report a pool outside a stale view as unknown, not as missing", async () => {
    // Two gateways that never exchanged a claim authenticate each other by their greetings alone, within ten seconds.
    for (const index of [0, 1]) await gateways[index]?.stop();
    await Promise.all([startAgain(0), startAgain(1)]);
    await sleep(10_000);
    await cluster.plane.stopApiServer();
    // Each room may have another pair of gateways that must agree.
    const rooms = Array.from({ length: 6 }, (_, at) => `away-${at}`);
    const answers = await Promise.all(rooms.flatMap((room) => [launch(gateways[0], room), launch(gateways[1], room)]));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(rooms.map((room) => sessionsIn(room).length)).toEqual(rooms.map(() => 1));
    const unknown = await launch(gateways[2], "new", "new");
    expect([unknown.status, unknown.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(unknown.body).toMatchObject({ error: { code: "pool_unknown" } });
    await cluster.plane.startApiServer();
    await expect.poll(async () => (await launch(gateways[2], "new", "new")).status, { timeout: 90_000, interval: 500 }).toBe(404);
  });
});
