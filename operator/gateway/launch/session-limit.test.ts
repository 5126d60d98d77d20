import { describe, expect, it } from "vitest";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

const limited = (maxSessions: number, queue = { length: 10, deadline: "1m" }) =>
  testPool({ limits: { maxSessions }, launch: { queue } });

describe("limits.maxSessions", () => {
  it("queues launches above it until a session ends, although workers have free slots", async () => {
    const { addWorker, launch, clock, client } = gatewayHarness(limited(3));
    const a = await addWorker("a", { slots: 2, sessions: 2 });
    const b = await addWorker("b", { slots: 2 });
    expect((await launch()).status).toBe(200);
    const waiting = await launch();
    await clock.advance(5_000);
    expect([waiting.status, client.launches]).toEqual([0, 1]);
    a.sessions = 1;
    await clock.advance(1_100);
    expect(waiting.status).toBe(200);
    expect([a.sessions, b.sessions].reduce((sum, sessions) => sum + sessions)).toBe(3);
  });

  it("counts launches in progress", async () => {
    const { addWorker, launch, client } = gatewayHarness(limited(1));
    await addWorker("a", { slots: 2, launch: "hang" });
    await launch();
    await launch();
    expect(client.launches).toBe(1);
  });

  it.each([
    [{ length: 10, deadline: "10s" }, "deadline_exceeded"],
    [{ length: 0, deadline: "10s" }, "queue_full"],
  ])("is the reason in the response (%j)", async (queue, code) => {
    const { addWorker, launch, clock } = gatewayHarness(limited(1, queue));
    await addWorker("a", { slots: 2, sessions: 1 });
    const refused = await launch();
    await clock.advance(10_000);
    expect(refused).toMatchObject({ status: 503, code, message: expect.stringContaining("limits.maxSessions") });
  });

  it("accepts a higher value while launches wait", async () => {
    const { addWorker, launch, setPool } = gatewayHarness(limited(1));
    await addWorker("a", { slots: 2, sessions: 1 });
    const waiting = await launch();
    expect(waiting.status).toBe(0);
    await setPool(limited(2));
    expect(waiting.status).toBe(200);
  });
});
