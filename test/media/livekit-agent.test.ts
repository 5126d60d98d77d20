import { setTimeout as sleep } from "node:timers/promises";
import { AgentDispatchClient, RoomServiceClient } from "livekit-server-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { join } from "../support/livekit/participant.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../support/livekit/server.ts";
import type { MediaScenario } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";

/**
 * Real LiveKit agents as the workers of a pool: LiveKit dispatches jobs to them. Each job adds 0.3 to the load of its agent, and
 * an agent takes no job from 0.7 on. The tests follow each other: calls of one last into the next.
 */

const AGENT = "maya";
const group = {
  name: "agents",
  engine: "livekit-agent",
  image: "registry.test/agent:1",
  sessionsPerWorker: 4,
  max: 3,
  coldStart: "20s",
};

let stage: MediaStage;
let scenario: MediaScenario;
let dispatches: AgentDispatchClient;
let rooms: RoomServiceClient;

beforeAll(async () => {
  stage = await MediaStage.open();
  scenario = await stage.scenario("agents");
  const http = stage.livekit.url.replace("ws://", "http://");
  dispatches = new AgentDispatchClient(http, LIVEKIT_KEY, LIVEKIT_SECRET);
  rooms = new RoomServiceClient(http, LIVEKIT_KEY, LIVEKIT_SECRET);
  await apply();
  await scenario.condition("Ready", { status: "True", message: /agents can take jobs/ });
  await scenario.warm(1);
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

function apply(changes: object = {}, spec: object = {}): Promise<void> {
  const livekit = { url: stage.livekit.url, apiKeyRef: { name: "livekit" } };
  const scaling = { scaleDownAfter: "3s" };
  return scenario.pool({ presets: [], livekit, warm: { slots: 1 }, scaling, workers: [{ ...group, ...changes }], ...spec });
}

/** Calls an agent. Resolves with the session id of the agent in the room, once it is there. */
async function call(room: string): Promise<string> {
  await dispatches.createDispatch(room, AGENT);
  let sid: string | undefined;
  await scenario.until(`an agent in ${room}`, async () => {
    sid = await agentIn(room);
    return sid !== undefined;
  });
  return sid ?? "";
}

/** The agent in a room: the id changes if the agent joins again. */
async function agentIn(room: string): Promise<string | undefined> {
  return (await rooms.listParticipants(room))[0]?.sid;
}

async function settled(wanted: { readonly desired: number; readonly sessions: number }): Promise<void> {
  await scenario.until(JSON.stringify(wanted), async () => {
    const [{ desired, sessions, draining } = {}] = (await scenario.status()).groups ?? [];
    return desired === wanted.desired && sessions === wanted.sessions && draining === 0;
  });
}

describe("a pool of LiveKit agents", () => {
  let first: string;

  it("rejects launches, and counts jobs as sessions", async () => {
    const { status, body } = await scenario.launch({});
    expect(status).toBe(409);
    expect(JSON.stringify(body)).toContain("LiveKit dispatches jobs");
    first = await call("first");
    await settled({ desired: 1, sessions: 1 });
    const listed = await fetch(`${stage.gateways[0]?.url}/${scenario.namespace}/pool/sessions`);
    expect(await listed.json()).toEqual({ sessions: [], complete: true, jobs: 1 });
  });

  it("grows before the load of its agent reaches the threshold", async () => {
    await call("second");
    await settled({ desired: 2, sessions: 2 });
    expect((await scenario.status()).lastDecision?.reason).toContain("2 sessions + 2 blocked by load");
    await scenario.warm(2);
  });

  it("shrinks to the agent with the call, and the call goes on", async () => {
    const [busy] = scenario.workers();
    await rooms.deleteRoom("second");
    await settled({ desired: 1, sessions: 1 });
    await scenario.until("the idle agent to exit", () => scenario.workers().length === 1);
    expect(scenario.workers()).toEqual([busy]);
    expect(await agentIn("first")).toBe(first);
  });

  it("rolls out: the old agent gets SIGTERM once, takes no job, and exits after its call", async () => {
    const [old] = scenario.workers();
    await apply({ env: [{ name: "REVISION", value: "2" }] });
    await scenario.until("a new agent", () => scenario.workers().length === 2);
    await scenario.until("the old agent to drain", async () => (await scenario.status()).groups?.[0]?.draining === 1);
    const second = await call("on-new");
    await sleep(5_000);
    expect([await agentIn("first"), await agentIn("on-new")]).toEqual([first, second]);
    expect(scenario.workers()).toContain(old);
    await rooms.deleteRoom("first");
    // A second SIGTERM would end it at once, with code 1.
    expect(await old?.exited).toBe("code 0");
    await settled({ desired: 1, sessions: 1 });
  });

  it("counts a job that no agent takes as pressure", async () => {
    await apply({ env: [{ name: "REVISION", value: "2" }], max: 1 });
    await call("third");
    await call("fourth");
    await scenario.until("a full agent", async () => (await scenario.status()).sessions === 3);
    const caller = await join(stage.livekit.url, "untaken", { identity: "caller" });
    await dispatches.createDispatch("untaken", AGENT);
    await scenario.until("the job to count", async () => ((await scenario.status()).pressurePerMinute ?? 0) > 0);
    expect(await scenario.condition("AtMaximum", { status: "True" })).toContain("not enough slots for LiveKit jobs");
    await caller.leave();
  });
});
