import { describe, expect, it } from "vitest";
import { FakeWorkers } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { WorkerClient } from "../../workers/client.ts";

const queue = (length: number, deadline = "2m", attempts = 5) => testPool({ launch: { queue: { length, deadline }, attempts } });

describe("a launch that finds no slot", () => {
  it("waits, and gets the slot that becomes free", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { slots: 1, sessions: 1 });
    const waiting = await launch();
    await clock.advance(5_000);
    expect(waiting.status).toBe(0);
    a.sessions = 0;
    await clock.advance(1_100);
    expect(waiting).toMatchObject({ status: 200, trace: { path: "queued" } });
    expect(waiting.trace.waitedMs).toBeGreaterThan(5_000);
  });

  it("gets a worker that becomes ready within one probe interval", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { ready: false });
    const waiting = await launch();
    a.ready = true;
    await clock.advance(300);
    expect(waiting.status).toBe(200);
  });

  it("is served before launches that arrive later", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { slots: 1, sessions: 1 });
    const first = await launch();
    const second = await launch();
    a.sessions = 0;
    await clock.advance(1_100);
    expect([first.status, second.status]).toEqual([200, 0]);
  });

  it("keeps its place if the chosen worker is full", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { slots: 1, sessions: 1 });
    const first = await launch();
    const second = await launch();
    Object.assign(a, { sessions: 0, launch: "full" });
    await clock.advance(1_100);
    expect(first.trace.attempts).toBeGreaterThan(0);
    expect(second.trace.attempts).toBe(0);
    a.launch = "accept";
    await clock.advance(1_100);
    expect([first.status, second.status]).toEqual([200, 0]);
  });

  it("returns to its place if the chosen worker is full, also into a full queue", async () => {
    const workers = new FakeWorkers();
    const answer = Promise.withResolvers<void>();
    const network: WorkerClient = {
      get: (origin, path) => workers.get(origin, path),
      post: (origin, path, body) => workers.post(origin, path, body).finally(() => answer.promise),
    };
    const { addWorker, launch, clock, core, key } = gatewayHarness(queue(1), { workers, network });
    const queued = () => core.summary(key)?.queued;
    const a = await addWorker("a", { slots: 1, sessions: 1 });
    const first = await launch();
    Object.assign(a, { sessions: 0, launch: "full" });
    await clock.advance(1_100);
    expect([first.trace.attempts, queued()]).toEqual([1, {}]);
    const second = await launch();
    expect([second.status, queued()]).toEqual([0, { maya: 1 }]);
    answer.resolve();
    await clock.advance(0);
    expect([first.status, queued()]).toEqual([0, { maya: 2 }]);
    a.launch = "accept";
    await clock.advance(1_100);
    expect([first.status, second.status]).toEqual([200, 0]);
  });

  it("waits until its deadline if the chosen worker is full, at any pace", async () => {
    const small = { name: "gpu", engine: "expression" as const, sessionsPerWorker: 1, max: 1 };
    const presets = [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }];
    const launchSpec = { queue: { length: 50, deadline: "10s" } };
    const { addWorker, launch, clock } = gatewayHarness(testPool({ presets, workers: [small], launch: launchSpec }));
    const a = await addWorker("a", { slots: 1, sessions: 1 });
    // Twenty launches show a pace of one slot in more than two seconds.
    for (let granted = 0; granted < 20; granted++) {
      const next = await launch();
      a.sessions = 0;
      await clock.advance(1_100);
      expect(next.status).toBe(200);
      a.sessions = 1;
      await clock.advance(1_300);
    }
    const first = await launch();
    for (let more = 0; more < 4; more++) await launch();
    await clock.advance(8_500);
    Object.assign(a, { sessions: 0, launch: "full" });
    await clock.advance(1_000);
    expect(first.trace.attempts).toBeGreaterThan(0);
    expect(first.status).toBe(0);
  });

  it("waits if every worker responded 503", async () => {
    const { addWorker, launch, clock } = gatewayHarness(queue(10, "2m", 2));
    const workers = [
      await addWorker("a", { launch: "full" }),
      await addWorker("b", { launch: "full" }),
      await addWorker("c", { launch: "full" }),
    ];
    const result = await launch();
    expect(result).toMatchObject({ status: 0, trace: { attempts: 2 } });
    for (const worker of workers) worker.launch = "accept";
    await clock.advance(1_100);
    expect(result).toMatchObject({ status: 200, trace: { path: "queued" } });
  });

  it("is rejected at its deadline with a reason and Retry-After", async () => {
    const { addWorker, launch, clock } = gatewayHarness(queue(10, "30s"));
    await addWorker("a", { slots: 1, sessions: 1 });
    const waiting = await launch();
    await clock.advance(30_000);
    expect(waiting).toMatchObject({
      status: 503,
      code: "deadline_exceeded",
      message: "no slot became free within 30s (launch.queue.deadline): every ready worker for this avatar was full",
      retryAfterMs: 45_000,
    });
  });

  it("is rejected at once if the queue is full, and waits after another client leaves", async () => {
    const { addWorker, launch } = gatewayHarness(queue(1));
    await addWorker("a", { slots: 1, sessions: 1 });
    const first = await launch();
    expect(await launch()).toMatchObject({ status: 503, code: "queue_full" });
    first.leave();
    expect((await launch()).status).toBe(0);
    expect(first).toMatchObject({ status: 499, code: "client_gone" });
  });

  it("is not started if its client disconnects at the moment of its turn", async () => {
    const { addWorker, launch, setRecord, client } = gatewayHarness();
    await addWorker("a", { slots: 1 }, { cordoned: true });
    const waiting = await launch();
    const uncordoned = setRecord("a", { cordoned: false });
    waiting.leave();
    await uncordoned;
    expect([waiting.code, client.launches]).toEqual(["client_gone", 0]);
    expect((await launch()).status).toBe(200);
  });

  it("is never sent to a worker that cannot serve its preset", async () => {
    const { addWorker, launch, client, clock } = gatewayHarness();
    await addWorker("gpu-1");
    const waiting = await launch("leo");
    await clock.advance(2_000);
    expect([waiting.status, client.launches]).toEqual([0, 0]);
  });

  it("is rejected if its pool is deleted", async () => {
    const { launch, setPool } = gatewayHarness();
    const waiting = await launch();
    await setPool(undefined);
    expect(waiting).toMatchObject({ status: 410, code: "pool_deleting" });
  });
});
