import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { SessionEvent } from "../sessions/sessions.ts";

/** A launch as the maker's client sends it for the agent of a job. */
const job = (agent: string, more = {}) => ({ room: "room", identity: "bithuman-avatar-agent", agent, ...more });

function setup(spec: Parameters<typeof testPool>[0] = {}) {
  const news: SessionEvent[] = [];
  const gateway = gatewayHarness(testPool(spec), { onEvent: (told) => news.push(told) });
  const tasks = async (worker: string) => {
    const { body } = await gateway.client.get(`http://ip-${worker}:8089`, "/tasks");
    return (JSON.parse(body) as { tasks: { task_id: string }[] }).tasks.map(({ task_id }) => task_id);
  };
  return { ...gateway, tasks, news: () => news.map(({ kind }) => kind) };
}

describe("a job that is dispatched again into its room", () => {
  it("gets a new session, and the gateway ends the old one after the new one runs", async () => {
    const { addWorker, launch, clock, tasks, news } = setup();
    const a = await addWorker("a", { slots: 4, taskState: "pending" });
    await launch("maya", job("agent-1"));
    expect(await launch("maya", job("agent-2"))).toMatchObject({ status: 200, trace: { path: "warm" } });
    await clock.advance(3_000);
    expect(await tasks("a")).toEqual(["task-of-room", "task-of-room.2"]);
    a.taskState = "running";
    await clock.advance(2_000);
    expect([await tasks("a"), news()]).toEqual([["task-of-room.2"], ["replaced"]]);
  });

  it("keeps the old session if the new one ends before it runs", async () => {
    const { addWorker, launch, clock, tasks } = setup();
    await addWorker("a", { slots: 1 });
    const b = await addWorker("b", { slots: 1, taskState: "pending" });
    await launch("maya", job("agent-1"));
    await clock.advance(1_000);
    expect((await launch("maya", job("agent-2"))).trace.worker).toBe("b");
    b.rooms.length = 0;
    b.sessions = 0;
    await clock.advance(130_000);
    expect(await tasks("a")).toEqual(["task-of-room"]);
  });

  it("keeps only the last session after many dispatches", async () => {
    const { addWorker, launch, clock, tasks } = setup();
    await addWorker("a", { slots: 9 });
    for (const agent of ["agent-1", "agent-2", "agent-3", "agent-4"]) await launch("maya", job(agent));
    await clock.advance(5_000);
    expect(await tasks("a")).toEqual(["task-of-room.4"]);
  });

  it("gets the slot of the old session if no other is free, before waiting launches", async () => {
    const { addWorker, launch, clock, tasks } = setup();
    await addWorker("a", { slots: 1 });
    await launch("maya", job("agent-1"));
    await clock.advance(1_000);
    const waiting = await launch("maya", { room: "other" });
    const again = await launch("maya", job("agent-2"));
    expect([again.status, waiting.status, await tasks("a")]).toEqual([200, 0, ["task-of-room.2"]]);
  });

  it("gets the place of the old session under limits.maxSessions", async () => {
    const { addWorker, launch, clock, tasks } = setup({ limits: { maxSessions: 1 } });
    await addWorker("a", { slots: 4 });
    await launch("maya", job("agent-1"));
    await clock.advance(1_000);
    expect([(await launch("maya", job("agent-2"))).status, await tasks("a")]).toEqual([200, ["task-of-room.2"]]);
  });

  it("waits while the gateway cannot end the old session, and the gateway ends it later", async () => {
    const { addWorker, launch, clock, tasks } = setup();
    const a = await addWorker("a", { slots: 1, stop: "fails" });
    await launch("maya", job("agent-1"));
    await clock.advance(1_000);
    const again = await launch("maya", job("agent-2"));
    expect([again.status, await tasks("a")]).toEqual([0, ["task-of-room"]]);
    a.stop = "ends";
    await clock.advance(5_000);
    expect([again.status, await tasks("a")]).toEqual([200, ["task-of-room.2"]]);
  });

  it("keeps the old session if the gateway cannot end it before it rejects the new launch", async () => {
    for (const queue of [{ deadline: "8s" }, { length: 0 }]) {
      const { addWorker, launch, clock, tasks, news } = setup({ launch: { queue } });
      const a = await addWorker("a", { slots: 1, stop: "fails" });
      await launch("maya", job("agent-1"));
      await clock.advance(1_000);
      const again = await launch("maya", job("agent-2"));
      await clock.advance(10_000);
      expect(again.status).toBe(503);
      a.stop = "ends";
      await clock.advance(60_000);
      expect([await tasks("a"), news()]).toEqual([["task-of-room"], []]);
    }
  });

  it("repeats the request to end the old session for 30 s if it fails", async () => {
    const { addWorker, launch, clock, tasks, news } = setup();
    const a = await addWorker("a", { slots: 4, stop: "fails" });
    await launch("maya", job("agent-1"));
    await launch("maya", job("agent-2"));
    await clock.advance(10_000);
    a.stop = "ends";
    await clock.advance(10_000);
    expect([await tasks("a"), news()]).toEqual([["task-of-room.2"], ["replaced"]]);
    a.stop = "fails";
    await launch("maya", job("agent-3"));
    await clock.advance(60_000);
    expect([(await tasks("a")).length, news()]).toEqual([2, ["replaced", "replaced-not-stopped"]]);
  });

  it("ends no session of another identity, of another LiveKit server, or of an unknown launch", async () => {
    const { addWorker, launch, clock, tasks } = setup();
    const a = await addWorker("a", { slots: 9, sessions: 1 });
    a.rooms.push("room");
    await launch("maya", job("agent-1", { identity: "second-avatar" }));
    await launch("maya", job("agent-1", { livekitUrl: "wss://elsewhere" }));
    await clock.advance(20_000);
    await launch("maya", job("agent-2"));
    await clock.advance(60_000);
    expect(await tasks("a")).toHaveLength(4);
  });

  it("does not match the old session if its own response is lost", async () => {
    for (const launchOf of ["reset", "garbage"] as const) {
      const { addWorker, launch, clock, tasks } = setup();
      const a = await addWorker("a", { slots: 3 });
      await launch("maya", job("agent-1"));
      await addWorker("b", { slots: 3 });
      a.launch = launchOf;
      const again = await launch("maya", job("agent-2"));
      await clock.advance(5_000);
      expect(again).toMatchObject({ status: 200, trace: { worker: "b" } });
      expect([await tasks("a"), await tasks("b")]).toEqual([[], ["task-of-room"]]);
    }
  });

  it("finds its own session beside the old one if its response is lost", async () => {
    const { addWorker, launch, clock, tasks, client } = setup();
    const a = await addWorker("a", { slots: 3 });
    await launch("maya", job("agent-1"));
    a.launch = "lost-answer";
    const again = await launch("maya", job("agent-2"));
    await clock.advance(5_000);
    expect(again).toMatchObject({ status: 200, message: expect.stringContaining("task-of-room.2") });
    expect([await tasks("a"), client.launches]).toEqual([["task-of-room.2"], 2]);
  });
});
