import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ON_BEHALF } from "../../operator/gateway/sessions/room-view.ts";
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
import { join } from "../support/livekit/participant.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET, type LivekitServer, startLivekit } from "../support/livekit/server.ts";
import { freePort } from "../support/product/free-port.ts";

/** Sessions whose agent leaves. The LiveKit server is real, and the gateway has the chart's permissions. */

const waiting = { timeout: 30_000, interval: 50 };

let cluster: GatewayCluster;
let livekit: LivekitServer;
let gateway: GatewayProcess;

beforeAll(async () => {
  const launchPort = await freePort();
  const webhook = (pool: string) => `http://127.0.0.1:${launchPort}/${NAMESPACE}/${pool}/livekit-webhook`;
  livekit = await startLivekit({ webhookUrls: [webhook("support"), webhook("heard")] });
  const values = "gateway.replicas=0,gateway.secretAccess.enabled=true,gateway.secretAccess.names={livekit}";
  cluster = await startGatewayCluster({ gpus: 3, timeFactor: 10, values });
  const literals = [`--from-literal=api-key=${LIVEKIT_KEY}`, `--from-literal=api-secret=${LIVEKIT_SECRET}`];
  await cluster.kubectl(["create", "secret", "generic", "livekit", `--namespace=${NAMESPACE}`, ...literals]);
  const { url } = livekit;
  await cluster.create(poolObject("support", 1, { livekit: { url, apiKeyRef: { name: "livekit" }, abandonedAfter: "5s" } }));
  // The stand-in's time runs ten times as fast. The timeouts are so long that no session ends on its own.
  await cluster.create(workersObject("support", 1, { MAX_SESSIONS: "1", SESSION_IDLE_TIMEOUT: "6000" }));
  for (const name of ["heard", "quiet"]) {
    await cluster.create(poolObject(name, 1, { livekit: { url, apiKeyRef: { name: "livekit" } } }));
    await cluster.create(workersObject(name, 1, { MAX_SESSIONS: "20", SESSION_IDLE_TIMEOUT: "60000" }));
  }
  gateway = await startGateway({
    KUBECONFIG: await cluster.plane.serviceAccountKubeconfig(RELEASE, "avatarpool-gateway"),
    AVATARPOOL_LAUNCH_PORT: String(launchPort),
  });
  await vi.waitUntil(() => cluster.fleet.workers().filter(({ state }) => state === "ready").length === 3, waiting);
});

afterAll(async () => {
  await gateway?.stop();
  await cluster?.[Symbol.asyncDispose]();
  await livekit?.[Symbol.asyncDispose]();
});

async function launch(room: string, pool = "support", token = "token"): Promise<number> {
  const body = new URLSearchParams({ livekit_url: livekit.url, livekit_token: token, room_name: room });
  return (await fetch(`${gateway.launches}/${NAMESPACE}/${pool}/launch`, { method: "POST", body })).status;
}

async function statesIn(room: string, pool = "support"): Promise<readonly string[]> {
  const response = await fetch(`${gateway.launches}/${NAMESPACE}/${pool}/sessions/${room}`);
  const { sessions = [] } = (await response.json()) as { sessions?: readonly { state: string }[] };
  return sessions.map(({ state }) => state);
}

const agent = { identity: "agent", kind: "agent" } as const;
const avatar = { identity: "bithuman-avatar-agent", kind: "agent", attributes: { [ON_BEHALF]: "agent" } } as const;

describe("a session whose agent leaves the room", () => {
  it("ends within 10 s, and the waiting launch gets its slot", async () => {
    const inRoom = [await join(livekit.url, "call-1", agent), await join(livekit.url, "call-1", avatar)];
    expect(await launch("call-1")).toBe(200);
    await expect.poll(() => statesIn("call-1"), waiting).toEqual(["running"]);
    const next = launch("call-2");
    const leftMs = performance.now();
    await inRoom[0]?.leave();
    expect(await next).toBe(200);
    const tookMs = performance.now() - leftMs;
    expect(tookMs).toBeGreaterThan(5_000);
    expect(tookMs).toBeLessThan(10_000);
    expect(await statesIn("call-1")).toEqual(["cancelled"]);
    const line = expect.objectContaining({ room: "call-1", msg: expect.stringContaining("has left") });
    await expect.poll(() => gateway.log, waiting).toContainEqual(line);
    await inRoom[1]?.leave();
  });

  it("also ends while a human is in the room, and continues if only a human leaves", async () => {
    const inRoom = [
      await join(livekit.url, "call-2", agent),
      await join(livekit.url, "call-2", avatar),
      await join(livekit.url, "call-2", { identity: "human" }),
      await join(livekit.url, "call-2", { identity: "guest" }),
    ];
    await expect.poll(() => statesIn("call-2"), waiting).toEqual(["running"]);
    await inRoom[3]?.leave();
    await setTimeout(9_000);
    expect(await statesIn("call-2")).toEqual(["running"]);
    await inRoom[0]?.leave();
    await expect.poll(() => statesIn("call-2"), waiting).toEqual(["cancelled"]);
    await inRoom[2]?.leave();
    await inRoom[1]?.leave();
    const metrics = await (await fetch(`${gateway.internal}/metrics`)).text();
    expect(metrics).toMatch(/^avatarpool_abandoned_sessions_total\{namespace="avatars",pool="support"\} 2$/m);
    expect(Number(/^avatarpool_reclaimed_slot_seconds_total\{.*\} (.*)$/m.exec(metrics)?.[1])).toBeGreaterThan(1_150);
  });
});

describe("an agent that LiveKit dispatches again", () => {
  it("gets a new avatar in the slot of the old one, and the new avatar stays", async () => {
    const [room, identity] = ["call-3", "bithuman-avatar-agent"];
    const joins = (agent: string) => join(livekit.url, room, { identity: agent, kind: "agent" });
    const avatarOf = (agent: string) => join(livekit.url, room, { identity, kind: "agent", attributes: { [ON_BEHALF]: agent } });
    const first = await joins("agent-1");
    expect(await launch(room, "support", roomToken({ identity, agent: "agent-1" }))).toBe(200);
    await avatarOf("agent-1");
    await expect.poll(() => statesIn(room), waiting).toEqual(["running"]);
    const second = await joins("agent-2");
    await first.leave();
    expect(await launch(room, "support", roomToken({ identity, agent: "agent-2" }))).toBe(200);
    expect(await statesIn(room)).toEqual([expect.stringMatching("pending|running"), "cancelled"]);
    // Longer than the grace period: the old avatar remains in the room until the new avatar replaces it.
    await setTimeout(9_000);
    expect(await statesIn(room)).toEqual(["running", "cancelled"]);
    const avatar = await avatarOf("agent-2");
    await second.leave();
    await expect.poll(() => statesIn(room), waiting).toEqual(["cancelled", "cancelled"]);
    await avatar.leave();
  });
});

/** Starts a call with an agent and an avatar that remains in the room. @returns the agent. */
async function call(pool: string, room: string) {
  const [agentInRoom] = [await join(livekit.url, room, agent), await join(livekit.url, room, avatar)];
  expect(await launch(room, pool)).toBe(200);
  await expect.poll(() => statesIn(room, pool), waiting).toEqual(["running"]);
  return agentInRoom;
}

/** @returns the time in ms from the agent's departure to the end of the session. */
async function endsAfterMs(pool: string, room: string, leavesAfterMs: number): Promise<number> {
  const { leave } = await call(pool, room);
  await setTimeout(leavesAfterMs);
  await leave();
  const leftMs = performance.now();
  await expect.poll(() => statesIn(room, pool), { timeout: 60_000, interval: 200 }).toEqual(["cancelled"]);
  return performance.now() - leftMs;
}

/** The agent leaves and returns within the grace period. @returns the states of its session long after that period. */
async function returnsInTime(pool: string, room: string, awayMs: number): Promise<readonly string[]> {
  const { leave } = await call(pool, room);
  await leave();
  await setTimeout(awayMs);
  const back = await join(livekit.url, room, agent);
  await setTimeout(40_000);
  const states = await statesIn(room, pool);
  await back.leave();
  return states;
}

describe("calls whose agents leave at any time", { timeout: 120_000 }, () => {
  it("end within 15 s with webhooks and within 45 s without, unless the agent returns within the grace period", async () => {
    const tries = Array.from({ length: 12 }, (_, at) => at);
    const [heard, quiet, back] = await Promise.all([
      Promise.all(tries.map((at) => endsAfterMs("heard", `heard-${at}`, at * 700))),
      Promise.all(tries.map((at) => endsAfterMs("quiet", `quiet-${at}`, at * 1_800))),
      Promise.all([3_000, 8_000].flatMap((ms) => ["heard", "quiet"].map((pool) => returnsInTime(pool, `${pool}-back-${ms}`, ms)))),
    ]);
    console.error({ heard: heard.map(Math.round), quiet: quiet.map(Math.round) });
    expect(Math.min(...heard, ...quiet)).toBeGreaterThanOrEqual(9_900);
    expect(Math.max(...heard)).toBeLessThanOrEqual(15_000);
    expect(Math.max(...quiet)).toBeLessThanOrEqual(45_000);
    expect(back.flat()).toEqual(["running", "running", "running", "running"]);
  });
});
