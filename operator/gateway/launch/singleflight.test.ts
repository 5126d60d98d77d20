import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

describe("a repeated launch", () => {
  it("gets the same response during the launch and one minute after, and starts one session", async () => {
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

  it("continues for the second connection after the first one closes", async () => {
    const { addWorker, launch, clock } = gatewayHarness();
    const a = await addWorker("a", { sessions: 2 });
    const first = await launch("maya", { room: "room" });
    const second = await launch("maya", { room: "room" });
    first.leave();
    a.sessions = 0;
    await clock.advance(1_100);
    expect([first.code, second.status, a.sessions]).toEqual(["client_gone", 200, 1]);
  });

  it("starts another session in another room or with another avatar", async () => {
    const { addWorker, launch } = gatewayHarness();
    const a = await addWorker("a", { slots: 4 });
    await addWorker("c", {}, { group: "cpu" });
    await launch("maya", { room: "room" });
    await launch("maya", { room: "other" });
    expect((await launch("leo", { room: "room" })).trace.worker).toBe("c");
    expect(a.sessions).toBe(2);
  });

  it("starts again if the first one failed", async () => {
    const { addWorker, launch } = gatewayHarness();
    const a = await addWorker("a", { launch: "reject" });
    await launch("maya", { room: "room" });
    a.launch = "accept";
    expect((await launch("maya", { room: "room" })).status).toBe(200);
  });

  it("is marked as repeated, also if the first response was lost", async () => {
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

describe("a stored response", () => {
  const again = { room: "room", identity: "avatar", agent: "agent-1" };

  async function launched() {
    const gateway = gatewayHarness();
    const a = await gateway.addWorker("a");
    await gateway.launch("maya", again);
    return { ...gateway, a };
  }

  it("is valid until its worker reports the end of the session", async () => {
    const { launch, a, client } = await launched();
    expect((await launch("maya", again)).trace.path).toBe("repeated");
    // The worker's API fails. The gateway still starts no second session for one launch.
    client.get = async () => ({ status: 500, contentType: "text/html", body: "oops" });
    expect((await launch("maya", again)).trace.path).toBe("repeated");
    expect(a.received).toHaveLength(1);
  });

  it("is removed if a client ends its session", async () => {
    const { launch, a, core, pool } = await launched();
    await core.sessions.end(pool, "room");
    expect(await launch("maya", again)).toMatchObject({ status: 200, trace: { path: "warm" } });
    expect([a.sessions, a.received.length]).toEqual([1, 2]);
  });

  it("is removed at once if its worker ended the session, also for another gateway", async () => {
    const { launch, a } = await launched();
    a.rooms.length = 0;
    a.sessions = 0;
    expect((await launch("maya", again)).trace.path).toBe("warm");
    expect([a.sessions, a.received.length]).toEqual([1, 2]);
  });

  it("is removed if its worker's process or pod ends", async () => {
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

  it("is removed once, for any number of concurrent launches", async () => {
    const { launch, a } = await launched();
    a.rooms.length = 0;
    a.sessions = 0;
    await Promise.all([launch("maya", again), launch("maya", again), launch("maya", again)]);
    expect([a.sessions, a.received.length]).toEqual([1, 2]);
  });
});
