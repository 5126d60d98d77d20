import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LaunchBehaviour } from "../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../test/support/gateway/harness.ts";
import { testPool } from "../../test/support/gateway/pool.ts";

const queue = (length: number, deadline = "2m", attempts = 5) => testPool({ launch: { queue: { length, deadline }, attempts } });

describe("a launch", () => {
  it("goes to the fullest warm worker, and passes on its answer", async () => {
    const { addWorker, launch } = gatewayHarness();
    await addWorker("a");
    const b = await addWorker("b", { sessions: 1 });
    const result = await launch();
    expect(result).toMatchObject({
      status: 200,
      message: expect.stringContaining("task-1"),
      trace: { worker: "b", path: "warm", attempts: 1 },
    });
    expect(b.sessions).toBe(2);
  });

  it("is sent in the engine's form without secrets that the client did not send", async () => {
    const { addWorker, launch } = gatewayHarness();
    const a = await addWorker("a");
    await launch();
    expect(Object.fromEntries(new URLSearchParams(String(a.received[0]?.chunks[0])))).toEqual({
      livekit_url: "wss://x",
      livekit_token: "t",
      room_name: "room",
      async_mode: "true",
      avatar_image_url: "https://example.com/maya.jpg",
    });
  });

  it("is cold on a worker that the operator has not called warm, and warm there once a session of the preset ran", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    await addWorker("a", { slots: 4 }, { warm: false });
    expect((await launch()).trace.path).toBe("cold");
    await clock.advance(200);
    expect((await launch()).trace.path).toBe("warm");
  });

  it("counts its own launches before the worker does: two at once do not take the same slot", async () => {
    const { addWorker, launch } = gatewayHarness(queue(0));
    await addWorker("a", { slots: 1, launch: "hang" });
    await launch();
    expect(await launch()).toMatchObject({ status: 503, code: "queue_full", trace: { attempts: 0 } });
  });

  it.each(["full", "not-ready", "refuse-connection"] as const)(
    "tries the next worker at once when one is unexpectedly %s",
    async (behaviour) => {
      const { addWorker, launch } = gatewayHarness();
      await addWorker("a", { launch: behaviour, sessions: 1 });
      const b = await addWorker("b");
      expect(await launch()).toMatchObject({ status: 200, trace: { worker: "b", attempts: 2, path: "warm" } });
      expect(b.received).toHaveLength(1);
    },
  );

  it("leaves a worker alone after its 503 until its next probe", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { launch: "full", sessions: 1 });
    await addWorker("b", { slots: 9 });
    await launch();
    await launch();
    expect(a.received).toHaveLength(1);
    a.launch = "accept";
    await clock.advance(1_100);
    await launch();
    expect(a.received).toHaveLength(2);
  });

  it.each([
    ["reset", 502, "worker_failed"],
    ["garbage", 502, "worker_failed"],
    ["reject", 400, "worker_rejected"],
  ] as const)("is not sent twice when a session may have begun or the launch is at fault: %s", async (behaviour, status, code) => {
    const { addWorker, launch, client } = gatewayHarness();
    await addWorker("a", { launch: behaviour, sessions: 1 });
    await addWorker("b");
    expect(await launch()).toMatchObject({ status, code });
    expect(client.launches).toBe(1);
  });

  it("passes on the worker's words about a launch that it rejects", async () => {
    const { addWorker, launch } = gatewayHarness();
    await addWorker("a", { launch: "reject" });
    expect((await launch()).message).toBe("worker a refused the launch: no face found");
  });

  it("ends after 60 s at a worker that hangs, which is not picked until two probes succeeded", async () => {
    const { addWorker, launch, clock } = gatewayHarness(queue(0));
    const a = await addWorker("a", { launch: "hang", slots: 4 });
    const hung = await launch();
    await clock.advance(59_900);
    expect(hung.status).toBe(0);
    a.ready = false;
    await clock.advance(1_500);
    expect(hung).toMatchObject({ status: 504, code: "worker_timeout" });
    a.ready = true;
    a.launch = "accept";
    await clock.advance(250);
    expect((await launch()).status).toBe(503);
    await clock.advance(250);
    expect((await launch()).status).toBe(200);
  });
});

describe("a worker", () => {
  it("gets no launch once its cordon is seen, and gets them again without it", async () => {
    const { addWorker, launch, setRecord, core, key } = gatewayHarness(queue(0));
    await addWorker("a");
    await setRecord("a", { cordoned: true });
    expect(core.state(key)?.workers[0]).toMatchObject({ cordoned: true });
    expect((await launch()).status).toBe(503);
    await setRecord("a", { cordoned: false });
    expect((await launch()).status).toBe(200);
  });

  it("gets no launch while its pod terminates, or when it is gone", async () => {
    const { addWorker, launch, setRecord, removeWorker, core, key } = gatewayHarness(queue(0));
    await addWorker("a");
    await setRecord("a", { terminating: true });
    expect((await launch()).status).toBe(503);
    await removeWorker("a");
    expect(core.state(key)?.workers).toEqual([]);
  });

  it("is no longer probed when it is gone", async () => {
    const { addWorker, removeWorker, client, clock } = gatewayHarness();
    await addWorker("a");
    await removeWorker("a");
    await clock.advance(10_000);
    expect(client.probes.get("a")).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe("the load that the operator is told of", () => {
  it("counts each shortage of a launch once, by preset, and how long its session took to run", async () => {
    const { addWorker, launch, clock, core, key } = gatewayHarness();
    const startups: (number | undefined)[] = [];
    core.subscribe(({ startupMs }) => startups.push(startupMs));
    const a = await addWorker("a", { launch: "full", taskState: "pending" });
    await addWorker("b", { launch: "full" });
    await launch();
    expect(core.state(key)).toMatchObject({ queued: { maya: 1 }, pressure: { maya: { worker503: 1, waited: 1, refused: 0 } } });
    a.launch = "accept";
    await clock.advance(3_000);
    a.taskState = "running";
    await clock.advance(200);
    const measured = startups.filter((ms) => ms !== undefined);
    expect(measured).toHaveLength(1);
    expect(measured[0]).toBeGreaterThanOrEqual(3_000);
    expect(measured[0]).toBeLessThanOrEqual(3_100);
    expect(core.state(key)?.queued).toEqual({});
  });
});

describe("whatever workers do", () => {
  const behaviour = fc.constantFrom<LaunchBehaviour>(
    "accept",
    "full",
    "not-ready",
    "refuse-connection",
    "reset",
    "hang",
    "reject",
    "garbage",
  );

  it("every launch ends with one answer, no slot leaks, and no launch is begun twice", async () => {
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
