import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LaunchBehaviour } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

const queue = (length: number, deadline = "2m", attempts = 5) => testPool({ launch: { queue: { length, deadline }, attempts } });

describe("a launch", () => {
  it("is sent to the fullest warm worker, and gets its response", async () => {
    const { addWorker, launch } = gatewayHarness();
    await addWorker("a");
    const b = await addWorker("b", { sessions: 1 });
    const result = await launch();
    expect(result).toMatchObject({
      status: 200,
      message: expect.stringContaining("task-of-room-1"),
      trace: { worker: "b", path: "warm", attempts: 1 },
    });
    expect(b.sessions).toBe(2);
  });

  it("has the engine's form, and contains no secret that the client did not send", async () => {
    const { addWorker, launch } = gatewayHarness();
    const a = await addWorker("a");
    await launch();
    expect(Object.fromEntries(new URLSearchParams(String(a.received[0]?.chunks[0])))).toEqual({
      livekit_url: "wss://x",
      livekit_token: "t",
      room_name: "room-1",
      async_mode: "true",
      avatar_image_url: "https://example.com/maya.jpg",
    });
  });

  it("is cold on a worker without the warm condition, and warm after a session of the preset ran there", async () => {
    const { addWorker, launch, clock, core, key } = gatewayHarness();
    await addWorker("a", { slots: 4 }, { warm: false });
    expect((await launch()).trace.path).toBe("cold");
    await clock.advance(300);
    expect((await launch()).trace.path).toBe("warm");
    expect(core.state(key)).toMatchObject({ launches: { maya: { arrived: 2, missed: 1, started: 2 } }, shortages: {} });
  });

  it("is cold and misses a warm slot if the warm worker rejects it and a cold one serves it", async () => {
    const { addWorker, launch, core, key } = gatewayHarness();
    await addWorker("a", { launch: "full", sessions: 1 });
    await addWorker("b", {}, { warm: false });
    expect(await launch()).toMatchObject({ status: 200, trace: { worker: "b", attempts: 2, path: "cold" } });
    expect(core.state(key)).toMatchObject({ launches: { maya: { arrived: 1, missed: 1, started: 1 } } });
  });

  it("reserves its slot: two concurrent launches do not get the same one", async () => {
    const { addWorker, launch } = gatewayHarness(queue(0));
    await addWorker("a", { slots: 1, launch: "hang" });
    await launch();
    expect(await launch()).toMatchObject({ status: 503, code: "queue_full", trace: { attempts: 0 } });
  });

  it.each(["full", "not-ready", "refuse-connection"] as const)(
    "is sent to the next worker at once if one is unexpectedly %s",
    async (behaviour) => {
      const { addWorker, launch } = gatewayHarness();
      await addWorker("a", { launch: behaviour, sessions: 1 });
      const b = await addWorker("b");
      expect(await launch()).toMatchObject({ status: 200, trace: { worker: "b", attempts: 2, path: "warm" } });
      expect(b.received).toHaveLength(1);
    },
  );

  it("is not sent to an idle worker that hangs unnoticed: the next one gets it after a second", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a");
    await addWorker("b", { slots: 9 });
    await clock.advance(5_000);
    a.hangs = true;
    const result = await launch();
    await clock.advance(1_000);
    expect(result).toMatchObject({ status: 200, trace: { worker: "b", attempts: 2 } });
    expect(a.received).toHaveLength(0);
  });

  it("avoids a worker after its 503 until the next probe", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { launch: "full", sessions: 1 });
    const b = await addWorker("b", { slots: 9 });
    await launch();
    await launch();
    expect(a.received).toHaveLength(1);
    Object.assign(b, { sessions: 9 });
    a.launch = "accept";
    await clock.advance(1_100);
    await launch();
    expect(a.received).toHaveLength(2);
  });

  it("is not sent twice if the launch itself is invalid", async () => {
    const { addWorker, launch, client } = gatewayHarness();
    await addWorker("a", { launch: "reject", sessions: 1 });
    await addWorker("b");
    expect(await launch()).toMatchObject({ status: 400, code: "worker_rejected" });
    expect(client.launches).toBe(1);
  });

  it("over the account's limit is reported to the operator, and is no shortage", async () => {
    const { addWorker, launch, core, key, clock } = gatewayHarness();
    await addWorker("a", { launch: "account-limit" });
    expect(await launch()).toMatchObject({ status: 403, code: "worker_rejected" });
    await launch();
    expect(core.state(key)).toMatchObject({
      accountErrors: { limit: { count: 2, lastMs: clock.now() } },
      shortages: {},
    });
  });

  it("with a lost response is found at the worker that started it", async () => {
    const { addWorker, launch, client } = gatewayHarness();
    const a = await addWorker("a", { launch: "lost-answer" });
    await addWorker("b");
    expect(await launch()).toMatchObject({ status: 200, message: expect.stringContaining("task-of-room-1") });
    expect([client.launches, a.sessions]).toEqual([1, 1]);
  });

  it.each(["reset", "garbage"] as const)(
    "is sent to the next worker if one closes the connection (%s) and lists no session",
    async (behaviour) => {
      const { addWorker, launch, clock } = gatewayHarness();
      const a = await addWorker("a", { launch: behaviour, sessions: 1 });
      await addWorker("b");
      const result = await launch();
      expect(result.status).toBe(0);
      await clock.advance(1_200);
      expect(result).toMatchObject({ status: 200, trace: { worker: "b", attempts: 2 } });
      expect(a.received).toHaveLength(1);
    },
  );

  it("is sent to the next worker at once after a worker dies, and to no third one after a second death", async () => {
    const { addWorker, launch } = gatewayHarness();
    const workers = [];
    for (const name of ["a", "b", "c"]) workers.push(await addWorker(name, { launch: "die" }));
    expect(await launch()).toMatchObject({
      status: 502,
      code: "worker_failed",
      message: expect.stringContaining("No session runs"),
    });
    expect(workers.map(({ received }) => received.length)).toEqual([1, 1, 0]);
  });

  it("gets the message of the worker that rejects it", async () => {
    const { addWorker, launch } = gatewayHarness();
    await addWorker("a", { launch: "reject" });
    expect((await launch()).message).toBe("worker a rejected the launch: no face found");
  });

  it("fails after 60 s at a worker that hangs, and a retry checks that worker first", async () => {
    const { addWorker, launch, clock, client } = gatewayHarness(queue(0));
    const a = await addWorker("a", { launch: "hang", slots: 4 });
    const hung = await launch("maya", { room: "room" });
    await clock.advance(59_900);
    expect(hung.status).toBe(0);
    await clock.advance(1_500);
    expect(hung).toMatchObject({ status: 504, code: "worker_timeout" });
    a.rooms.push("room");
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 200, message: expect.stringContaining("task-of-room") });
    expect(client.launches).toBe(1);
  });
});

describe("the load that the gateway reports to the operator", () => {
  it("counts each shortage of a launch once, by preset, and measures the session's start-up", async () => {
    const { addWorker, launch, clock, core, key } = gatewayHarness();
    const startups: (number | undefined)[] = [];
    core.subscribe(({ startupMs }) => startups.push(startupMs));
    const a = await addWorker("a", { launch: "full", taskState: "pending" });
    await addWorker("b", { launch: "full" });
    await launch();
    expect(core.state(key)).toMatchObject({ queued: { maya: 1 }, shortages: { maya: { worker503: 1, waited: 1, refused: 0 } } });
    a.launch = "accept";
    await clock.advance(3_000);
    a.taskState = "running";
    await clock.advance(400);
    const measured = startups.filter((ms) => ms !== undefined);
    expect(measured).toHaveLength(1);
    expect(Math.abs((measured[0] ?? 0) - 3_000)).toBeLessThanOrEqual(150);
    expect(core.state(key)?.queued).toEqual({});
  });
});

describe("with any behaviour of workers", () => {
  const behaviour = fc.constantFrom<LaunchBehaviour>(
    "accept",
    "lost-answer",
    "full",
    "not-ready",
    "refuse-connection",
    "reset",
    "hang",
    "reject",
    "garbage",
  );

  it("every launch gets one response, no slot leaks, and no launch starts twice", async () => {
    const workers = fc.array(
      fc.record({ slots: fc.integer({ min: 1, max: 3 }), behaviours: fc.array(behaviour, { minLength: 1, maxLength: 4 }) }),
      {
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(workers, fc.integer({ min: 1, max: 12 }), async (shapes, launches) => {
        const { addWorker, launch, clock, core, key } = gatewayHarness(queue(4, "20s", 3));
        const fakes = [];
        for (const [at, { slots, behaviours }] of shapes.entries()) {
          fakes.push({ behaviours, worker: await addWorker(`w${at}`, { slots, launch: behaviours[0] ?? "accept" }) });
        }
        const results = [];
        for (let at = 0; at < launches; at += 1) {
          results.push(await launch());
          for (const { worker, behaviours } of fakes) worker.launch = behaviours[at % behaviours.length] ?? "accept";
        }
        await clock.advance(100_000);
        const served = results.filter(({ status }) => status === 200).length;
        expect(results.every(({ status }) => status !== 0)).toBe(true);
        expect(fakes.reduce((sum, { worker }) => sum + worker.sessions, 0)).toBe(served);
        for (const { reserved, sessions, slots } of core.state(key)?.workers ?? []) {
          expect(reserved).toBe(0);
          expect(sessions).toBeLessThanOrEqual(slots);
        }
        expect(core.state(key)?.queued).toEqual({});
      }),
      { numRuns: 40 },
    );
  }, 30_000);
});
