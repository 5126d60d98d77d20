import { describe, expect, it } from "vitest";
import { sessionsWorld, somewhere, valuesOf } from "../../../test/support/gateway/sessions.ts";

describe("sessions", () => {
  it("are listed after the launch, with their worker's state", async () => {
    const { addWorker, launch, inPool, statesIn } = sessionsWorld();
    const worker = await addWorker("a", { taskState: "pending" });
    await launch("maya", { room: "r" });
    expect(await statesIn("r")).toEqual(["pending"]);
    worker.taskState = "running";
    expect(await inPool()).toMatchObject({
      sessions: [{ room: "r", state: "running", launched: { preset: "maya", path: "warm" } }],
      complete: true,
    });
  });

  it("are counted by preset for the operator while they run, without those of other gateways", async () => {
    const { addWorker, launch, statesIn, core, key, end } = sessionsWorld();
    const worker = await addWorker("a", { slots: 4 });
    worker.sessions = 1;
    worker.rooms.push("theirs");
    await statesIn("theirs");
    await launch("maya", { room: "r" });
    await launch("maya", { room: "s" });
    expect(core.summary(key)?.sessions).toEqual({ maya: 2 });
    await end("r");
    expect(core.summary(key)?.sessions).toEqual({ maya: 1 });
    await end("s");
    expect(core.summary(key)?.sessions).toEqual({});
  });

  it("of other gateways are found at the workers, and then polled", async () => {
    const { addWorker, statesIn, inPool, clock, ended } = sessionsWorld();
    const worker = await addWorker("a", { slots: 4 });
    worker.sessions = 1;
    worker.rooms.push("theirs");
    expect(await statesIn("theirs")).toEqual(["running"]);
    worker.rooms.pop();
    worker.sessions = 0;
    await clock.advance(16_000);
    expect((await inPool()).sessions).toEqual([]);
    expect(await statesIn("theirs")).toEqual(["completed"]);
    expect(await ended()).toEqual([{ namespace: "avatars", pool: "support", outcome: "completed", value: 1 }]);
  });

  it("are removed from the list ten minutes after their end", async () => {
    const { addWorker, launch, end, statesIn, clock } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    await end("r");
    await clock.advance(590_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
    await clock.advance(20_000);
    expect(await statesIn("r")).toEqual([]);
  });

  it("end on request, and release their slot at once", async () => {
    const { addWorker, launch, end, statesIn } = sessionsWorld();
    await addWorker("a", { slots: 1 });
    await launch("maya", { room: "r" });
    const waiting = await launch("maya", { room: "next" });
    expect(waiting.status).toBe(0);
    expect((await end("r")).sessions).toMatchObject([{ room: "r", state: "cancelled" }]);
    expect(waiting.status).toBe(200);
    expect(await statesIn("next")).toEqual(["running"]);
  });

  it("count as ended once, also if their worker ends them late, and run again if it does not end them", async () => {
    const { addWorker, launch, end, statesIn, clock, ended } = sessionsWorld();
    await addWorker("a", { stop: "later" });
    await launch("maya", { room: "r" });
    await end("r");
    await clock.advance(5_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
    await clock.advance(6_000);
    expect(await statesIn("r")).toEqual(["running"]);
    expect(await ended()).toMatchObject([{ outcome: "cancelled", value: 1 }]);
  });

  it("are reported as incomplete if a worker is unreachable", async () => {
    const { addWorker, inPool, client } = sessionsWorld();
    await addWorker("a");
    await addWorker("b");
    client.kill("b");
    expect(await inPool()).toEqual({ sessions: [], complete: false });
  });
});

describe("a worker's death", () => {
  it("is reported within 2 s, and its sessions count against no limit", async () => {
    const { addWorker, launch, client, clock, statesIn, news, ended } = sessionsWorld(somewhere, { limits: { maxSessions: 2 } });
    await addWorker("a", { slots: 2 });
    await launch("maya", { room: "r1" });
    await launch("maya", { room: "r2" });
    await clock.advance(5_000);
    client.kill("a");
    await clock.advance(2_000);
    expect(news()).toEqual(["lost", "lost"]);
    expect(await statesIn("r1")).toEqual(["lost"]);
    expect(await ended()).toMatchObject([{ outcome: "lost", value: 2 }]);
    await addWorker("b");
    expect((await launch("maya", { room: "r3" })).status).toBe(200);
  });

  it.each(["goes", "has ended"])("is reported at once if its pod %s, and frees its place below the session limit", async (how) => {
    const { addWorker, removeWorker, setRecord, launch, statesIn, inPool, core, key } = sessionsWorld(somewhere, {
      limits: { maxSessions: 1 },
    });
    await addWorker("a");
    await launch("maya", { room: "r1" });
    const waiting = await launch("maya", { room: "r2" });
    await addWorker("b");
    await (how === "goes" ? removeWorker("a") : setRecord("a", { ended: true }));
    expect([waiting.status, waiting.trace.worker]).toEqual([200, "b"]);
    expect(await statesIn("r1")).toEqual(["lost"]);
    expect((await inPool()).sessions).toMatchObject([{ room: "r2" }, { room: "r1", state: "lost" }]);
    expect(core.state(key)?.workers.map(({ pod }) => pod)).toEqual(["b"]);
  });

  it("is reported also if its pod is removed, or if it restarts without its sessions", async () => {
    const { addWorker, removeWorker, launch, clock, statesIn } = sessionsWorld();
    const worker = await addWorker("a");
    await launch("maya", { room: "r1" });
    await clock.advance(3_000);
    Object.assign(worker, { ready: false, sessions: 0 }).rooms.length = 0;
    await clock.advance(2_000);
    expect(await statesIn("r1")).toEqual(["lost"]);
    worker.ready = true;
    await clock.advance(2_000);
    await launch("maya", { room: "r2" });
    await removeWorker("a");
    expect(await statesIn("r2")).toEqual(["lost"]);
  });

  it("is reported within 10 s if its machine is gone and connections hang", async () => {
    const network = { gone: false };
    const { addWorker, launch, clock, statesIn, news } = sessionsWorld(somewhere, {}, network);
    await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(5_000);
    network.gone = true;
    await clock.advance(4_000);
    expect(news()).toEqual([]);
    await clock.advance(6_000);
    expect(news()).toEqual(["lost"]);
    network.gone = false;
    await clock.advance(3_000);
    expect(await statesIn("r")).toEqual(["running"]);
  });

  it("removes its sessions from the report to the operator, also if its machine is gone", async () => {
    const network = { gone: false };
    const { addWorker, launch, clock, core, key } = sessionsWorld(somewhere, {}, network);
    await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(5_000);
    network.gone = true;
    await clock.advance(10_000);
    expect(core.state(key)?.workers).toMatchObject([{ ready: false, sessions: 0 }]);
  });

  it("frees its place below the session limit at once for a waiting launch if another worker has a slot", async () => {
    const { addWorker, launch, client, clock } = sessionsWorld(somewhere, { limits: { maxSessions: 1 } });
    await addWorker("a", { slots: 1 });
    await launch("maya", { room: "r1" });
    await addWorker("b", { ready: false });
    await clock.advance(5_000);
    const waiting = await launch("maya", { room: "r2" });
    client.all().at(-1)!.ready = true;
    await clock.advance(2_000);
    expect(waiting.status).toBe(0);
    client.kill("a");
    await clock.advance(2_000);
    expect(waiting.status).toBe(200);
  });

  it("is reported also by gateways that did not launch its sessions", async () => {
    const network = { gone: false };
    const { addWorker, clock, statesIn, inPool, news } = sessionsWorld(somewhere, {}, network);
    const worker = await addWorker("a");
    worker.sessions = 1;
    worker.rooms.push("theirs");
    await clock.advance(25_000);
    expect(await statesIn("theirs")).toEqual(["running"]);
    network.gone = true;
    await clock.advance(10_000);
    expect(news()).toEqual(["lost"]);
    expect((await inPool()).sessions).toMatchObject([{ room: "theirs", state: "lost" }]);
  });

  it("is not reported if it fails a probe and still has its sessions", async () => {
    const { addWorker, launch, clock, statesIn, news } = sessionsWorld();
    const worker = await addWorker("a");
    await launch("maya", { room: "r" });
    worker.ready = false;
    await clock.advance(20_000);
    expect([await statesIn("r"), news()]).toEqual([["running"], []]);
  });
});

describe("the time to the published track", () => {
  it("is measured once, from the launch's arrival until LiveKit reports the avatar's video track", async () => {
    const { addWorker, launch, clock, shows, metrics } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r", identity: "bithuman-avatar-agent" });
    await clock.advance(4_200);
    shows("r", "a-human");
    shows("r", "bithuman-avatar-agent");
    await clock.advance(1_000);
    shows("r", "bithuman-avatar-agent");
    const values = await valuesOf(metrics.trackPublishedSeconds);
    expect(values.find(({ metricName }) => metricName?.endsWith("_sum"))?.value).toBeCloseTo(4.2);
    expect(values.find(({ metricName }) => metricName?.endsWith("_count"))?.value).toBe(1);
  });

  const sumOf = async (metric: Parameters<typeof valuesOf>[0], stage?: string) => {
    const sums = (await valuesOf(metric)).filter(({ metricName }) => metricName?.endsWith("_sum"));
    return sums.find(({ labels }) => !("stage" in labels) || labels.stage === stage)?.value;
  };

  it("has a stage of its own, which begins when the worker accepts the launch", async () => {
    const { addWorker, launch, client, clock, shows, metrics } = sessionsWorld();
    await addWorker("a", { ready: false });
    const waiting = await launch("maya", { room: "r", identity: "avatar" });
    await clock.advance(5_000);
    client.all().at(-1)!.ready = true;
    while (waiting.status === 0) await clock.advance(10);
    await clock.advance(1_500);
    shows("r", "avatar");
    expect(await sumOf(metrics.trackPublishedSeconds)).toBeGreaterThanOrEqual(6.5);
    expect(await sumOf(metrics.stageSeconds, "first frame")).toBeCloseTo(1.5);
  });

  it("has no such stage if the gateway does not know when the worker accepted it", async () => {
    const { addWorker, launch, clock, shows, metrics, inPool } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r", identity: "avatar" });
    const [found] = (await inPool()).sessions;
    found!.launched = { ...found!.launched!, stages: [] };
    await clock.advance(1_500);
    shows("r", "avatar");
    expect(await sumOf(metrics.trackPublishedSeconds)).toBeCloseTo(1.5);
    expect(await sumOf(metrics.stageSeconds, "first frame")).toBeUndefined();
  });
});
