import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gateways } from "../../../test/support/gateway/gateways.ts";

/** A launch as the maker's client sends it for the agent of a job. */
const job = (agent: string, more = {}) => ({ room: "room", identity: "bithuman-avatar-agent", agent, ...more });

describe("a launch that is repeated at another gateway", () => {
  it("gets the same response, marked as repeated", async () => {
    const { at, clock, sessions } = await gateways();
    const first = await at(0).launch("maya", job("agent-1"));
    await clock.advance(100);
    const again = await at(1).launch("maya", job("agent-1"));
    await clock.advance(100);
    expect(again).toMatchObject({ message: first.message, trace: { path: "repeated" } });
    expect(sessions("room")).toBe(1);
  });

  it("starts a new session at each gateway after any gateway ended the old one", async () => {
    for (const [asked, ended] of [0, 1, 2].flatMap((one) => [0, 1, 2].map((other) => [one, other] as const))) {
      const { at, clock, fakes, sessions } = await gateways();
      for (const each of [0, 1, 2]) await at(each).launch("maya", job("agent-1"));
      await clock.advance(100);
      const end = at(ended).core.sessions.end(at(ended).pool, "room");
      await clock.advance(100);
      await end;
      expect(sessions("room")).toBe(0);
      const again = await at(asked).launch("maya", job("agent-1"));
      await clock.advance(100);
      expect([again.status, again.trace.path, sessions("room"), fakes.launches]).toEqual([200, "warm", 1, 2]);
    }
  });

  it("starts a new session if the old one ended at the worker and its gateway was killed", async () => {
    const { at, clock, fakes, peers, sessions } = await gateways();
    await at(0).launch("maya", job("agent-1"));
    await clock.advance(100);
    peers.kill("http://a");
    for (const worker of fakes.all()) Object.assign(worker, { sessions: 0 }).rooms.length = 0;
    const again = await at(1).launch("maya", job("agent-1"));
    await clock.advance(3_000);
    expect([again.status, sessions("room"), fakes.launches]).toEqual([200, 1, 2]);
  });
});

describe("a job that is dispatched again into its room through another gateway", () => {
  it.each([1_000, 20_000, 300_000])("gets a new session after %d ms, and the gateway ends the old one", async (afterMs) => {
    const { at, clock, sessions, fakes } = await gateways();
    await at(0).launch("maya", job("agent-1"));
    await clock.advance(afterMs);
    const again = await at(1).launch("maya", job("agent-2"));
    await clock.advance(5_000);
    expect([again.status, sessions("room"), fakes.launches]).toEqual([200, 1, 2]);
    const third = await at(2).launch("maya", job("agent-2"));
    await clock.advance(100);
    expect([third.message, third.trace.path]).toEqual([again.message, "repeated"]);
  });

  it("gets the slot of the old session if no other is free", async () => {
    const { at, clock, sessions, fakes } = await gateways({ w1: "accept" });
    Object.assign(fakes.all()[0]!, { slots: 1 });
    await at(0).launch("maya", job("agent-1"));
    await clock.advance(20_000);
    const again = await at(1).launch("maya", job("agent-2"));
    await clock.advance(100);
    expect([again.status, again.trace.path, sessions("room"), fakes.launches]).toEqual([200, "warm", 1, 2]);
  });

  it("keeps the old session if the gateway cannot end it before it rejects the new launch", async () => {
    const { at, clock, sessions, fakes } = await gateways({ w1: "accept" });
    const [worker] = fakes.all();
    Object.assign(worker!, { slots: 1, stop: "fails" });
    await at(0).launch("maya", job("agent-1"));
    await clock.advance(20_000);
    (await at(1).launch("maya", job("agent-2"))).leave();
    await clock.advance(100);
    worker!.stop = "ends";
    await clock.advance(60_000);
    expect([sessions("room"), fakes.launches]).toEqual([1, 1]);
  });

  it("ends no session of another identity or of an unknown launch", async () => {
    const { at, clock, sessions, fakes } = await gateways();
    fakes.all()[0]!.rooms.push("room");
    await at(0).launch("maya", job("agent-1", { identity: "second-avatar" }));
    await clock.advance(20_000);
    await at(1).launch("maya", job("agent-2"));
    await clock.advance(20_000);
    expect(sessions("room")).toBe(3);
  });

  it("does not match the other gateway's session if its own response is lost", async () => {
    const { at, clock, fakes, sessions } = await gateways({ w1: "accept" });
    const [worker] = fakes.all();
    await at(0).launch("maya", job("agent-1"));
    await clock.advance(100);
    worker!.launch = "reset";
    const again = await at(1).launch("maya", job("agent-2"));
    await clock.advance(1_000);
    worker!.launch = "accept";
    await clock.advance(10_000);
    expect([again.status, sessions("room"), worker!.received.length]).toEqual([200, 1, 3]);
  });

  it("does not match the old session to the launch of a killed gateway", async () => {
    const { at, clock, fakes, peers, sessions } = await gateways({ w1: "accept" });
    const [worker] = fakes.all();
    await at(0).launch("maya", job("agent-1"));
    await clock.advance(100);
    worker!.launch = "hang";
    await at(1).launch("maya", job("agent-2"));
    await clock.advance(100);
    peers.kill("http://b");
    worker!.launch = "accept";
    const again = await at(2).launch("maya", job("agent-2"));
    await clock.advance(10_000);
    expect([again.status, again.trace.path, sessions("room"), worker!.received.length]).toEqual([200, "warm", 1, 3]);
  });

  it("leaves exactly one avatar in the room, for every choice of gateways", async () => {
    const launches = fc.array(
      fc.record({ gateway: fc.nat(2), agent: fc.constantFrom("agent-1", "agent-2", "agent-3"), afterMs: fc.nat(3_000) }),
      { minLength: 2, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(launches, fc.integer({ min: 1, max: 4 }), async (steps, slots) => {
        const { at, clock, fakes, sessions } = await gateways();
        for (const worker of fakes.all()) worker.slots = slots;
        let began = false;
        for (const { gateway, agent, afterMs } of steps) {
          await at(gateway).launch("maya", job(agent));
          for (let ms = 0; ms <= afterMs; ms += 500) {
            await clock.advance(500);
            began ||= sessions("room") > 0;
            if (slots > 1) expect(sessions("room") > 0).toBe(began);
          }
        }
        await clock.advance(60_000);
        expect(sessions("room")).toBe(1);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
