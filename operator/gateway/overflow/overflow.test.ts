import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeCloud } from "../../../test/support/gateway/fake-cloud.ts";
import { FakePeers } from "../../../test/support/gateway/fake-peers.ts";
import { FakeWorkers } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness, type HarnessWorld } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { valuesOf } from "../../../test/support/gateway/sessions.ts";
import type { AvatarPoolSpecInput } from "../../api/v1alpha1/index.ts";
import type { RoomView } from "../sessions/room-view.ts";
import { Shares } from "../shares.ts";

/** One GPU worker at most, with one slot. */
const small: Partial<AvatarPoolSpecInput> = {
  presets: [{ name: "maya", avatarId: "A12" }],
  workers: [{ name: "gpu", engine: "expression", sessionsPerWorker: 1, max: 1, coldStart: "40s" }],
  overflow: { maxSessions: 2 },
};

/** A pool whose only worker is full, at its maximum, before a cloud. */
async function fullPool(changes: Partial<AvatarPoolSpecInput> = {}, world: HarnessWorld = {}) {
  const cloud = new FakeCloud();
  const gateway = gatewayHarness(testPool({ ...small, ...changes }), { overflow: cloud.deps, ...world });
  const a = await gateway.addWorker("a", { slots: 1, sessions: 1 });
  const errors = async () => (await valuesOf(gateway.metrics.overflowErrors)).map(({ labels, value }) => ({ ...labels, value }));
  const inCloud = () => gateway.core.state(gateway.key)?.overflow?.sessions;
  return { ...gateway, cloud, a, errors, inCloud };
}

describe("a launch to a full pool at its maximum", () => {
  it("goes to the cloud when it has waited for its time, in the maker's form and with the maker's secret", async () => {
    const { launch, clock, cloud, inCloud } = await fullPool();
    const result = await launch("maya", { room: "room" });
    await clock.advance(4_999);
    expect([result.status, cloud.launches.length]).toEqual([0, 0]);
    await clock.advance(1);
    expect(result).toMatchObject({ status: 200, message: '{"status":"pending","room_name":"room"}', trace: { path: "overflow" } });
    expect(cloud.launches).toEqual([expect.objectContaining({ secret: "maker-secret", url: expect.stringContaining("https://") })]);
    expect(cloud.bodies).toEqual([{ livekit_url: "wss://x", livekit_token: "t", room_name: "room", mode: "gpu", agent_id: "A12" }]);
    expect(inCloud()).toBe(1);
  });

  it("stays where a slot becomes free before", async () => {
    const { launch, clock, cloud, a } = await fullPool();
    const result = await launch();
    a.sessions = 0;
    await clock.advance(10_000);
    expect([result.status, result.trace.path, cloud.launches.length]).toEqual([200, "queued", 0]);
  });

  it("goes at once where the queue is full", async () => {
    const { launch, cloud } = await fullPool({ launch: { queue: { length: 0 } } });
    expect(await launch()).toMatchObject({ status: 200, trace: { path: "overflow" } });
    expect(cloud.launches).toHaveLength(1);
  });

  it("tells the operator that the pool lacked a slot", async () => {
    const { launch, clock, core, key } = await fullPool();
    await launch();
    await clock.advance(5_000);
    expect(core.state(key)?.pressure).toEqual({ maya: { worker503: 0, waited: 1, refused: 1 } });
  });

  it("is not one that waits and overflows: its place in the queue is free", async () => {
    const { launch, clock, core, key, a } = await fullPool();
    await launch();
    await clock.advance(5_000);
    expect(core.state(key)?.queued).toEqual({});
    a.sessions = 0;
    await clock.advance(1_100);
    expect(a.received).toHaveLength(0);
  });

  it("that is repeated gets the same answer and no second session", async () => {
    const { launch, clock, cloud } = await fullPool();
    await launch("maya", { room: "room" });
    await clock.advance(5_000);
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 200, trace: { path: "repeated" } });
    expect(cloud.launches).toHaveLength(1);
  });

  it("is the pool's own affair where overflow is off, or cannot say what it wants", async () => {
    for (const changes of [{ overflow: undefined }, { presets: [{ name: "leo", model: { url: "https://x/leo.imx" } }] }]) {
      const cpu = [{ name: "cpu", engine: "essence" as const, image: "w:1", sessionsPerWorker: 1, max: 1 }];
      const { launch, clock, cloud } = await fullPool({ workers: cpu, ...changes, launch: { queue: { deadline: "20s" } } });
      const result = await launch(changes.presets === undefined ? "maya" : "leo");
      await clock.advance(20_000);
      expect([result.code, cloud.launches.length]).toEqual(["deadline_exceeded", 0]);
      expect(result.message).not.toContain("overflow");
    }
  });

  it("is given up when its client goes", async () => {
    const { launch, clock, cloud, inCloud } = await fullPool();
    const result = await launch();
    await clock.advance(3_000);
    result.leave();
    await clock.advance(10_000);
    expect([result.code, cloud.launches.length, inCloud()]).toEqual(["client_gone", 0, 0]);
  });
});

describe("a launch to a pool that may grow", () => {
  const growing = { ...small, workers: [{ ...small.workers![0]!, max: 2 }] };

  it("waits for the worker that comes, and goes to the cloud when none can come in time any more", async () => {
    const { launch, clock, cloud } = await fullPool(growing);
    const result = await launch();
    // The deadline is 2m: until 80s a worker that is started then would be in time.
    await clock.advance(80_000);
    expect(cloud.launches).toHaveLength(0);
    await clock.advance(1_000);
    expect([result.status, cloud.launches.length]).toEqual([200, 1]);
  });

  it("is served by the worker that came", async () => {
    const { launch, clock, cloud, addWorker } = await fullPool(growing);
    const result = await launch();
    await clock.advance(41_000);
    await addWorker("b", { slots: 1 }, { createdAtMs: clock.now() - 41_000 });
    await clock.advance(1_000);
    expect([result.trace.worker, cloud.launches.length]).toEqual(["b", 0]);
  });

  it("goes to the cloud soon where no worker can start before the deadline", async () => {
    const { launch, clock } = await fullPool({ ...growing, launch: { queue: { deadline: "30s" } } });
    const result = await launch();
    await clock.advance(5_000);
    expect(result.trace.path).toBe("overflow");
  });
});

describe("the cap", () => {
  it("holds for launches under way as well, and is named to those that it keeps out", async () => {
    const { launch, clock, cloud, inCloud } = await fullPool({ launch: { queue: { deadline: "20s" } } });
    cloud.answer = "hangs";
    const results = [await launch(), await launch(), await launch()];
    await clock.advance(20_000);
    expect([cloud.launches.length, inCloud()]).toEqual([2, 2]);
    const refused = results.filter(({ code }) => code === "deadline_exceeded");
    expect(refused.map(({ message }) => message)).toEqual([
      expect.stringContaining("overflow did not help: this gateway's share of overflow.maxSessions is taken"),
    ]);
  });

  it("is shared out among gateways", async () => {
    const names = ["http://a", "http://b", "http://c"];
    let launched = 0;
    for (const name of names) {
      const { launch, clock, core, cloud } = await fullPool();
      core.share(new Shares(name, names));
      for (let times = 0; times < 3; times += 1) await launch();
      await clock.advance(10_000);
      launched += cloud.launches.length;
    }
    expect(launched).toBe(2);
  });

  it("is counted with limits.maxSessions, which the account's sessions in the cloud fill as well", async () => {
    const { launch, clock, cloud, a } = await fullPool({ limits: { maxSessions: 2 }, launch: { queue: { deadline: "20s" } } });
    const first = await launch();
    const second = await launch();
    await clock.advance(6_000);
    a.sessions = 0;
    a.slots = 5;
    await clock.advance(2_000);
    const third = await launch();
    await clock.advance(20_000);
    expect([first.trace.path, second.trace.path, third.code, cloud.launches.length]).toEqual([
      "overflow",
      "queued",
      "deadline_exceeded",
      1,
    ]);
  });

  it("is free again after sessionLength where nobody can see the end", async () => {
    const { launch, clock, inCloud } = await fullPool({ overflow: { maxSessions: 1, sessionLength: "10m" } });
    await launch();
    await clock.advance(9 * 60_000);
    expect(inCloud()).toBe(1);
    await clock.advance(2 * 60_000);
    expect(inCloud()).toBe(0);
  });

  it("is free again when two looks at its LiveKit room have seen no avatar; one that is there keeps its place", async () => {
    const views: RoomView[] = [{ avatar: true, somebody: true }];
    const world = { lookAt: async () => views[0]! };
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const { launch, clock, inCloud } = await fullPool({ livekit }, world);
    await launch();
    await clock.advance(600_000);
    expect(inCloud()).toBe(1);
    views[0] = { avatar: false, somebody: true };
    await clock.advance(31_000);
    expect(inCloud()).toBe(1);
    await clock.advance(31_000);
    expect(inCloud()).toBe(0);
  });
});

describe("a cloud that refuses", () => {
  it.each([
    [401, "unauthorized", "refuses the API secret (401)"],
    [402, "no_credits", "no credits (402)"],
    [403, "concurrency_limit", "allows no more sessions (403)"],
    [429, "rate_limited", "too many requests (429)"],
    [503, "unavailable", "no free worker (503)"],
    ["unreachable", "unreachable", "cannot be reached"],
  ] as const)("by %s is named, left alone for a while, and the launch waits on", async (answer, reason, sentence) => {
    const { launch, clock, cloud, errors, core, key, inCloud } = await fullPool({ launch: { queue: { deadline: "9s" } } });
    cloud.answer = answer;
    const result = await launch();
    const later = await launch();
    await clock.advance(9_000);
    expect(result).toMatchObject({ status: 503, code: "deadline_exceeded", message: expect.stringContaining(sentence) });
    expect(later.message).toContain(sentence);
    expect(cloud.launches.length).toBeLessThanOrEqual(2);
    expect((await errors())[0]).toMatchObject({ namespace: "avatars", pool: "support", reason });
    expect(core.state(key)?.overflow?.error).toMatchObject({ kind: reason });
    expect(inCloud()).toBe(0);
  });

  it("is not hammered: a dead secret is tried a few times in ten minutes, whatever comes", async () => {
    const { launch, clock, cloud } = await fullPool({ overflow: { maxSessions: 1 }, launch: { queue: { deadline: "10s" } } });
    cloud.answer = 401;
    for (let times = 0; times < 60; times += 1) {
      await launch();
      await clock.advance(10_000);
    }
    // At once, and after rests of 30s, 1m, 2m and 4m.
    expect(cloud.launches.length).toBe(5);
  });

  it("does not keep a launch from a slot that becomes free", async () => {
    const { launch, clock, cloud, a } = await fullPool();
    cloud.answer = 402;
    const result = await launch();
    await clock.advance(10_000);
    a.sessions = 0;
    await clock.advance(1_100);
    expect(result).toMatchObject({ status: 200, trace: { path: "queued", worker: "a" } });
  });

  it("is used again when it takes launches, and the error is over", async () => {
    const { launch, clock, cloud, core, key } = await fullPool();
    cloud.answer = 503;
    const result = await launch();
    await clock.advance(5_000);
    cloud.answer = 200;
    await clock.advance(6_000);
    expect(result.trace.path).toBe("overflow");
    expect(core.state(key)?.overflow).toEqual({ sessions: 1 });
  });

  it("because of one launch stays open for others, and is not asked for that one again", async () => {
    const { launch, clock, cloud } = await fullPool();
    cloud.answer = 400;
    const rejected = await launch();
    await clock.advance(5_000);
    cloud.answer = 200;
    const other = await launch();
    await clock.advance(20_000);
    expect([rejected.status, other.trace.path, cloud.launches.length]).toEqual([0, "overflow", 2]);
  });

  it("tells the log in the cloud's words, without the secret", async () => {
    const { launch, clock, cloud } = await fullPool();
    cloud.answer = 401;
    cloud.words = '{"error":"bad secret maker-secret"}';
    await launch("maya", { room: "room" });
    await clock.advance(5_000);
    expect(cloud.news).toMatchObject([{ room: "room", error: "unauthorized", words: "401 bad secret [hidden]" }]);
  });

  it("is not asked where the Secret cannot be read", async () => {
    const { launch, clock, cloud, errors } = await fullPool({ launch: { queue: { deadline: "9s" } } });
    cloud.secret = undefined;
    const result = await launch();
    await clock.advance(9_000);
    expect(result.message).toContain("cannot read the Secret of apiSecretRef");
    expect(await errors()).toMatchObject([{ reason: "secret_unreadable" }]);
    expect(cloud.launches).toHaveLength(0);
  });
});

describe("a launch whose answer from the cloud is lost", () => {
  it.each([
    ["lost", 5_000],
    ["hangs", 65_000],
    [500, 5_000],
  ] as const)("(%s) is not sent again: the client is told, and its retries as well for a minute", async (answer, afterMs) => {
    const { launch, clock, cloud, a, inCloud } = await fullPool({ launch: { queue: { length: 5 } } });
    cloud.answer = answer;
    const result = await launch("maya", { room: "room" });
    await clock.advance(afterMs);
    expect(result).toMatchObject({ status: 502, code: "overflow_unclear", message: expect.stringContaining("may have begun") });
    cloud.answer = 200;
    a.sessions = 0;
    await clock.advance(1_100);
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 502, code: "overflow_unclear" });
    expect([cloud.launches.length, a.received.length, inCloud()]).toEqual([1, 0, 1]);
    await clock.advance(60_000);
    expect((await launch("maya", { room: "room" })).status).toBe(200);
  });

  it("is found by its avatar in the room", async () => {
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const { launch, clock, cloud } = await fullPool({ livekit }, { lookAt: async () => ({ avatar: true, somebody: true }) });
    cloud.answer = "lost";
    await launch("maya", { room: "room" });
    await clock.advance(5_000);
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 200 });
    expect(cloud.launches).toHaveLength(1);
  });
});

describe("several gateways", () => {
  const names = ["http://a", "http://b", "http://c"];

  async function setup() {
    const clock = new FakeClock();
    const workers = new FakeWorkers();
    const cloud = new FakeCloud();
    const peers = new FakePeers(clock, names);
    const pool = testPool({ ...small, overflow: { maxSessions: 30 } });
    workers.add("a", { slots: 1, sessions: 1 });
    const gateways = names.map((name) => {
      const world = { clock, workers, overflow: cloud.deps, peers: peers.seenBy(name), network: peers.networkOf(name, workers) };
      const gateway = gatewayHarness(pool, world);
      peers.members.set(name, gateway.core);
      return gateway;
    });
    for (const gateway of gateways) await gateway.setRecord("a", {});
    return { clock, cloud, peers, gateways };
  }

  it("send a launch to the cloud once that came to two of them", async () => {
    const { clock, cloud, gateways } = await setup();
    const results = [await gateways[0]!.launch("maya", { room: "room" }), await gateways[1]!.launch("maya", { room: "room" })];
    await clock.advance(10_000);
    expect([...results.map(({ status }) => status), cloud.launches.length]).toEqual([200, 200, 1]);
  });

  it("do not send again what one had sent that was killed: nobody can ask the cloud", async () => {
    const { clock, cloud, peers, gateways } = await setup();
    cloud.answer = "hangs";
    await gateways[0]!.launch("maya", { room: "room" });
    await clock.advance(6_000);
    peers.kill(names[0]!);
    const again = await gateways[1]!.launch("maya", { room: "room" });
    await clock.advance(20_000);
    expect([again.status, again.code, cloud.launches.length]).toEqual([502, "overflow_unclear", 1]);
  });
});
