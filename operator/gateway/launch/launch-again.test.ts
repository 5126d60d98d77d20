import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";

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
});
