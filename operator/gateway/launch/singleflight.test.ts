import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

describe("a launch that is asked for again", () => {
  it("while it is under way or for a minute after gets the same answer, and begins one session", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { launch: "full" });
    const first = await launch("maya", { room: "room" });
    const second = await launch("maya", { room: "room" });
    a.launch = "accept";
    await clock.advance(600);
    const third = await launch("maya", { room: "room" });
    expect([first.status, second.message, third.message]).toEqual([200, first.message, first.message]);
    expect(third.trace).toMatchObject({ path: "repeated", attempts: 0 });
    expect(a.sessions).toBe(1);
    await clock.advance(60_000);
    await launch("maya", { room: "room" });
    expect(a.sessions).toBe(2);
  });

  it("goes on for the client that came back when the first connection is gone", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { sessions: 2 });
    const first = await launch("maya", { room: "room" });
    const second = await launch("maya", { room: "room" });
    first.leave();
    a.sessions = 0;
    await clock.advance(1_100);
    expect([first.code, second.status, a.sessions]).toEqual(["client_gone", 200, 1]);
  });

  it("is another launch in another room or with another avatar", async () => {
    const { addWorker, launch } = gatewayHarness();
    const a = await addWorker("a", { slots: 4 });
    await addWorker("c", {}, { group: "cpu" });
    await launch("maya", { room: "room" });
    await launch("maya", { room: "other" });
    expect((await launch("leo", { room: "room" })).trace.worker).toBe("c");
    expect(a.sessions).toBe(2);
  });

  it("is begun again when it failed", async () => {
    const { addWorker, launch } = gatewayHarness();
    const a = await addWorker("a", { launch: "reject" });
    await launch("maya", { room: "room" });
    a.launch = "accept";
    expect((await launch("maya", { room: "room" })).status).toBe(200);
  });

  it("says that it was answered before, also if the answer was lost and found only now", async () => {
    const { addWorker, launch, clock } = gatewayHarness(testPool({ launch: { queue: { length: 0 } } }));
    const a = await addWorker("a", { launch: "begin-and-hang" });
    a.stop = "fails";
    await launch("maya", { room: "room" });
    a.rooms.length = 0;
    await clock.advance(62_000);
    a.rooms.push("room");
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 200, trace: { path: "repeated" } });
  });
});

describe("a remembered answer", () => {
  const again = { room: "room", identity: "avatar", agent: "agent-1" };

  async function launched() {
    const gateway = gatewayHarness();
    const a = await gateway.addWorker("a");
    await gateway.launch("maya", again);
    return { ...gateway, a };
  }

  it("counts as long as its worker does not say that the session has ended", async () => {
    const { launch, a, client } = await launched();
    expect((await launch("maya", again)).trace.path).toBe("repeated");
    // The worker's own API is broken: a second session for one launch would be worse.
    client.get = async () => ({ status: 500, contentType: "text/html", body: "oops" });
    expect((await launch("maya", again)).trace.path).toBe("repeated");
    expect(a.received).toHaveLength(1);
  });

  it("ends with a session that was ended on request", async () => {
    const { launch, a, core, pool } = await launched();
    await core.sessions.end(pool, "room");
    expect(await launch("maya", again)).toMatchObject({ status: 200, trace: { path: "warm" } });
    expect([a.sessions, a.received.length]).toEqual([1, 2]);
  });

  it("ends with a session that its worker has ended, also by another gateway's wish, at once", async () => {
    const { launch, a } = await launched();
    a.rooms.length = 0;
    a.sessions = 0;
    expect((await launch("maya", again)).trace.path).toBe("warm");
    expect([a.sessions, a.received.length]).toEqual([1, 2]);
  });

  it("ends with its worker's process, and with its pod", async () => {
    for (const how of ["killed", "removed", "failed"] as const) {
      const { launch, client, addWorker, removeWorker, setRecord } = await launched();
      const b = await addWorker("b");
      if (how === "killed") client.kill("a");
      else if (how === "removed") await removeWorker("a");
      else await setRecord("a", { ended: true });
      expect(await launch("maya", again)).toMatchObject({ status: 200, trace: { worker: "b" } });
      expect(b.sessions).toBe(1);
    }
  });

  it("is given up once, however many ask", async () => {
    const { launch, a } = await launched();
    a.rooms.length = 0;
    a.sessions = 0;
    await Promise.all([launch("maya", again), launch("maya", again), launch("maya", again)]);
    expect([a.sessions, a.received.length]).toEqual([1, 2]);
  });
});
