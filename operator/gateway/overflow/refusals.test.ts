import { describe, expect, it } from "vitest";
import { fullPool } from "../../../test/support/gateway/overflow.ts";

describe("a cloud that rejects launches", () => {
  it.each([
    [401, "unauthorized", "rejects the API secret (401)"],
    [402, "no_credits", "no credits (402)"],
    [403, "concurrency_limit", "has reached its session limit (403)"],
    [429, "rate_limited", "rate-limits this account (429)"],
    [503, "unavailable", "no free worker (503)"],
    ["unreachable", "unreachable", "is unreachable"],
  ] as const)(
    "with %s is named in the error, gets no further launches for a while, and the launch waits",
    async (answer, reason, sentence) => {
      const { launch, clock, cloud, errors, core, key, inCloud } = await fullPool({ launch: { queue: { deadline: "9s" } } });
      cloud.answer = answer;
      const result = await launch();
      const later = await launch();
      await clock.advance(9_000);
      expect(result).toMatchObject({ status: 503, code: "deadline_exceeded", message: expect.stringContaining(sentence) });
      expect(later.message).toContain(sentence);
      expect(cloud.launches.length).toBeLessThanOrEqual(2);
      expect((await errors())[0]).toMatchObject({ namespace: "avatars", pool: "support", reason });
      expect(core.state(key)?.overflow?.error).toMatchObject({ kind: reason });
      expect(inCloud()).toBe(0);
    },
  );

  it("gets few requests in ten minutes with an invalid secret, under any load", async () => {
    const { launch, clock, cloud } = await fullPool({ overflow: { maxSessions: 1 }, launch: { queue: { deadline: "10s" } } });
    cloud.answer = 401;
    for (let times = 0; times < 60; times += 1) {
      await launch();
      await clock.advance(10_000);
    }
    // One at once, then after open times of 30s, 1m, 2m and 4m.
    expect(cloud.launches.length).toBe(5);
  });

  it("does not keep a launch from a slot that becomes free", async () => {
    const { launch, clock, cloud, a } = await fullPool();
    cloud.answer = 402;
    const result = await launch();
    await clock.advance(10_000);
    a.sessions = 0;
    await clock.advance(1_100);
    expect(result).toMatchObject({ status: 200, trace: { path: "queued", worker: "a" } });
  });

  it("is used again after it recovers, and the error is cleared", async () => {
    const { launch, clock, cloud, core, key } = await fullPool();
    cloud.answer = 503;
    const result = await launch();
    await clock.advance(5_000);
    cloud.answer = 200;
    await clock.advance(6_000);
    expect(result.trace.path).toBe("overflow");
    expect(core.state(key)?.overflow).toEqual({ sessions: 1 });
  });

  it("stays available to other launches after one rejection, and does not get the rejected one again", async () => {
    const { launch, clock, cloud } = await fullPool();
    cloud.answer = 400;
    const rejected = await launch();
    await clock.advance(5_000);
    cloud.answer = 200;
    const other = await launch();
    await clock.advance(20_000);
    expect([rejected.status, other.trace.path, cloud.launches.length]).toEqual([0, "overflow", 2]);
  });

  it("has its error message in the log, without the secret", async () => {
    const { launch, clock, cloud } = await fullPool();
    cloud.answer = 401;
    cloud.words = '{"error":"bad secret maker-secret"}';
    await launch("maya", { room: "room" });
    await clock.advance(5_000);
    expect(cloud.news).toMatchObject([{ room: "room", error: "unauthorized", words: "401 bad secret [hidden]" }]);
  });

  it("gets no request if the Secret is unreadable", async () => {
    const { launch, clock, cloud, errors } = await fullPool({ launch: { queue: { deadline: "9s" } } });
    cloud.secret = undefined;
    const result = await launch();
    await clock.advance(9_000);
    expect(result.message).toContain("cannot read the Secret of apiSecretRef");
    expect(await errors()).toMatchObject([{ reason: "secret_unreadable" }]);
    expect(cloud.launches).toHaveLength(0);
  });
});

describe("a launch with a lost response from the cloud", () => {
  it.each([
    ["lost", 5_000],
    ["hangs", 65_000],
    [500, 5_000],
  ] as const)("(%s) is not sent again: the client and its retries get an error for a minute", async (answer, afterMs) => {
    const { launch, clock, cloud, a, inCloud } = await fullPool({ launch: { queue: { length: 5 } } });
    cloud.answer = answer;
    const result = await launch("maya", { room: "room" });
    await clock.advance(afterMs);
    expect(result).toMatchObject({ status: 502, code: "overflow_unclear", message: expect.stringContaining("may have started") });
    cloud.answer = 200;
    a.sessions = 0;
    await clock.advance(1_100);
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 502, code: "overflow_unclear" });
    expect([cloud.launches.length, a.received.length, inCloud()]).toEqual([1, 0, 1]);
    await clock.advance(60_000);
    expect((await launch("maya", { room: "room" })).status).toBe(200);
  });

  it("is found by its avatar in the room", async () => {
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const { launch, clock, cloud } = await fullPool({ livekit }, { viewRoom: async () => ({ avatar: true, principal: true }) });
    cloud.answer = "lost";
    await launch("maya", { room: "room" });
    await clock.advance(5_000);
    expect(await launch("maya", { room: "room" })).toMatchObject({ status: 200, trace: { path: "repeated" } });
    expect(cloud.launches).toHaveLength(1);
  });

  it("is not found by the avatar of another agent in the room", async () => {
    const livekit = { url: "wss://x", apiKeyRef: { name: "livekit" } };
    const viewRoom = async (_pool: unknown, _room: string, agent?: string) => ({ avatar: agent === "agent-1", principal: true });
    const { launch, clock, cloud } = await fullPool({ livekit }, { viewRoom });
    cloud.answer = "lost";
    const job = { room: "room", identity: "avatar", agent: "agent-2" };
    await launch("maya", job);
    await clock.advance(5_000);
    expect((await launch("maya", job)).code).toBe("overflow_unclear");
  });
});
