import { describe, expect, it } from "vitest";
import { fullPool } from "../../../test/support/gateway/overflow.ts";
import type { RoomView } from "../sessions/room-view.ts";

const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
const here: RoomView = { avatar: true, principal: true };
const gone: RoomView = { avatar: false, principal: false };

/** A full pool that counts credits. `room` is what LiveKit shows of the room; undefined if the pool names no LiveKit server. */
async function setup(room?: { view: RoomView }) {
  const watched = room === undefined ? {} : { livekit };
  const pool = await fullPool(
    { credits: {}, overflow: { maxSessions: 2, sessionLength: "10m" }, ...watched },
    {
      ...(room === undefined ? {} : { viewRoom: async () => room.view }),
    },
  );
  const usage = () => pool.core.state(pool.key)?.usage?.cloud;
  const overflow = async () => {
    const result = await pool.launch("maya", { room: "room" });
    await pool.clock.advance(5_000);
    return result;
  };
  return { ...pool, usage, overflow };
}

describe("the usage of a session in the cloud", () => {
  it("is one minute at once, for the engine that serves its preset in the pool", async () => {
    const { overflow, usage } = await setup();
    expect((await overflow()).status).toBe(200);
    expect(usage()).toEqual({ expression: { sessions: 1, minutes: 1 } });
  });

  it.each([401, 402, 403, 429, 503, 404, "unreachable"] as const)("is nothing after %s", async (answer) => {
    const { overflow, usage, cloud } = await setup();
    cloud.answer = answer;
    await overflow();
    expect(usage()).toBeUndefined();
  });

  it("is counted if the answer is lost, because the session may run", async () => {
    const { overflow, usage, cloud } = await setup();
    cloud.answer = "lost";
    expect((await overflow()).code).toBe("overflow_unclear");
    expect(usage()).toEqual({ expression: { sessions: 1, minutes: 1 } });
  });

  it("ends with the last check that shows its avatar", async () => {
    const room = { view: here };
    const { overflow, usage, clock } = await setup(room);
    await overflow();
    await clock.advance(4 * 60_000 - 20_000);
    room.view = gone;
    await clock.advance(10 * 60_000);
    expect(usage()).toEqual({ expression: { sessions: 1, minutes: 4 } });
  });

  it("is overflow.sessionLength without livekit", async () => {
    const { overflow, usage, clock } = await setup();
    await overflow();
    await clock.advance(30 * 60_000);
    expect(usage()).toEqual({ expression: { sessions: 1, minutes: 10 } });
  });
});

describe("a pool that has exceeded its budget", () => {
  function exceeded(stopOverflow: boolean) {
    const credits = { budget: { credits: 10, stopOverflow } };
    const condition = { type: "CreditsWithinBudget", status: "False" as const, reason: "BudgetExceeded", message: "" };
    const status = { conditions: [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 }] };
    return fullPool({ credits, launch: { queue: { deadline: "9s" } } }, {}, status);
  }

  it("does not overflow with stopOverflow, and still serves launches on its own workers", async () => {
    const { launch, clock, cloud, a } = await exceeded(true);
    const rejected = await launch();
    await clock.advance(9_000);
    expect(rejected).toMatchObject({ status: 503, message: expect.stringContaining("exceeded its credit budget") });
    a.sessions = 0;
    await clock.advance(1_100);
    expect([(await launch()).trace.worker, cloud.launches.length]).toEqual(["a", 0]);
  });

  it("overflows without stopOverflow", async () => {
    const { launch, clock, cloud } = await exceeded(false);
    await launch();
    await clock.advance(9_000);
    expect(cloud.launches).toHaveLength(1);
  });
});
