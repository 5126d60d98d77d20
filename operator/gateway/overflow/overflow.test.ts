import { describe, expect, it } from "vitest";
import { fullPool, small } from "../../../test/support/gateway/overflow.ts";
import type { RoomView } from "../sessions/room-view.ts";
import { Shares } from "../workers/shares.ts";

describe("a launch to a full pool at its maximum", () => {
  it("is sent to the cloud after overflow.after, with the maker's form and secret", async () => {
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

  it("stays in the pool if a slot becomes free first", async () => {
    const { launch, clock, cloud, a } = await fullPool();
    const result = await launch();
    a.sessions = 0;
    await clock.advance(10_000);
    expect([result.status, result.trace.path, cloud.launches.length]).toEqual([200, "queued", 0]);
  });

  it("is sent to the cloud at once if the queue is full", async () => {
    const { launch, cloud } = await fullPool({ launch: { queue: { length: 0 } } });
    expect(await launch()).toMatchObject({ status: 200, trace: { path: "overflow" } });
    expect(cloud.launches).toHaveLength(1);
  });

  it("counts as a shortage in the report to the operator", async () => {
    const { launch, clock, core, key } = await fullPool();
    await launch();
    await clock.advance(5_000);
    expect(core.state(key)?.shortages).toEqual({ maya: { worker503: 0, waited: 1, refused: 1 } });
  });

  it("leaves the queue when it overflows", async () => {
    const { launch, clock, core, key, a } = await fullPool();
    await launch();
    await clock.advance(5_000);
    expect(core.state(key)?.queued).toEqual({});
    a.sessions = 0;
    await clock.advance(1_100);
    expect(a.received).toHaveLength(0);
  });

  it("gets the same response for a repeat, and no second session", async () => {
    const { launch, clock, cloud } = await fullPool();
    await launch("maya", { room: "room" });
    await clock.advance(5_000);
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 200, trace: { path: "repeated" } });
    expect(cloud.launches).toHaveLength(1);
  });

  it("starts a new session after its avatar joined and left the room", async () => {
    const views: RoomView[] = [{ avatar: true, principal: true }];
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const { launch, clock, cloud, inCloud } = await fullPool({ livekit }, { viewRoom: async () => views[0]! });
    await launch("maya", { room: "room" });
    await clock.advance(10_000);
    expect((await launch("maya", { room: "room" })).trace.path).toBe("repeated");
    views[0] = { avatar: false, principal: true };
    const again = await launch("maya", { room: "room" });
    await clock.advance(10_000);
    expect([again.status, again.trace.path, cloud.launches.length, inCloud()]).toEqual([200, "overflow", 2, 1]);
  });

  it("stays in the pool if overflow is off or the cloud does not support the preset", async () => {
    for (const changes of [{ overflow: undefined }, { presets: [{ name: "leo", model: { url: "https://x/leo.imx" } }] }]) {
      const cpu = [{ name: "cpu", engine: "essence" as const, image: "w:1", sessionsPerWorker: 1, max: 1 }];
      const { launch, clock, cloud } = await fullPool({ workers: cpu, ...changes, launch: { queue: { deadline: "20s" } } });
      const result = await launch(changes.presets === undefined ? "maya" : "leo");
      await clock.advance(20_000);
      expect([result.code, cloud.launches.length]).toEqual(["deadline_exceeded", 0]);
      expect(result.message).not.toContain("overflow");
    }
  });

  it("is cancelled if its client disconnects", async () => {
    const { launch, clock, cloud, inCloud } = await fullPool();
    const result = await launch();
    await clock.advance(3_000);
    result.leave();
    await clock.advance(10_000);
    expect([result.code, cloud.launches.length, inCloud()]).toEqual(["client_gone", 0, 0]);
  });
});

describe("a launch that has ended", () => {
  it("leaves no timer, after any outcome", async () => {
    const { launch, clock, a } = await fullPool({ launch: { queue: { deadline: "8s" } }, overflow: { maxSessions: 1 } });
    const gone = await launch();
    gone.leave();
    const overflowed = await launch();
    await clock.advance(6_000);
    const refused = await launch();
    await clock.advance(9_000);
    const pending = clock.pending;
    const stayed = await launch();
    a.sessions = 0;
    await clock.advance(4_000);
    expect([gone.code, overflowed.trace.path, refused.code, stayed.trace.worker]).toEqual([
      "client_gone",
      "overflow",
      "deadline_exceeded",
      "a",
    ]);
    // The remaining timers are those of probes and of the session poller.
    expect(clock.pending).toBeLessThanOrEqual(pending + 1);
    expect(pending).toBeLessThanOrEqual(3);
  });
});

describe("a launch to a pool that may grow", () => {
  const growing = { ...small, workers: [{ ...small.workers![0]!, max: 2 }] };

  it("waits for a worker that starts, and is sent to the cloud if none can start in time", async () => {
    const { launch, clock, cloud } = await fullPool(growing);
    const result = await launch();
    // The deadline is 2m. Up to 80 s, a new worker would start in time.
    await clock.advance(80_000);
    expect(cloud.launches).toHaveLength(0);
    await clock.advance(1_000);
    expect([result.status, cloud.launches.length]).toEqual([200, 1]);
  });

  it("gets the worker that started", async () => {
    const { launch, clock, cloud, addWorker } = await fullPool(growing);
    const result = await launch();
    await clock.advance(41_000);
    await addWorker("b", { slots: 1 }, { createdAtMs: clock.now() - 41_000 });
    await clock.advance(1_000);
    expect([result.trace.worker, cloud.launches.length]).toEqual(["b", 0]);
  });

  it("is sent to the cloud after overflow.after if no worker can start before the deadline", async () => {
    const { launch, clock } = await fullPool({ ...growing, launch: { queue: { deadline: "30s" } } });
    const result = await launch();
    await clock.advance(5_000);
    expect(result.trace.path).toBe("overflow");
  });
});

describe("overflow.maxSessions", () => {
  it("counts launches in progress, and is the reason in a rejection", async () => {
    const { launch, clock, cloud, inCloud } = await fullPool({ launch: { queue: { deadline: "20s" } } });
    cloud.answer = "hangs";
    const results = [await launch(), await launch(), await launch()];
    await clock.advance(20_000);
    expect([cloud.launches.length, inCloud()]).toEqual([2, 2]);
    const refused = results.filter(({ code }) => code === "deadline_exceeded");
    expect(refused.map(({ message }) => message)).toEqual([
      expect.stringContaining("overflow did not help: this gateway's share of overflow.maxSessions is used up"),
    ]);
  });

  it("is divided among gateways", async () => {
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

  it("counts with limits.maxSessions, which includes sessions in the cloud", async () => {
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

  it("releases a place after sessionLength if the end is not visible", async () => {
    const { launch, clock, inCloud } = await fullPool({ overflow: { maxSessions: 1, sessionLength: "10m" } });
    await launch();
    await clock.advance(9 * 60_000);
    expect(inCloud()).toBe(1);
    await clock.advance(2 * 60_000);
    expect(inCloud()).toBe(0);
  });

  it("releases a place after two checks of the LiveKit room find no avatar", async () => {
    const views: RoomView[] = [{ avatar: true, principal: true }];
    const world = { viewRoom: async () => views[0]! };
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const { launch, clock, inCloud } = await fullPool({ livekit }, world);
    await launch();
    await clock.advance(600_000);
    expect(inCloud()).toBe(1);
    views[0] = { avatar: false, principal: true };
    await clock.advance(31_000);
    expect(inCloud()).toBe(1);
    await clock.advance(31_000);
    expect(inCloud()).toBe(0);
  });
});
