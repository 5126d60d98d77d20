import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import type { LaunchBehaviour } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayNames, gateways } from "../../../test/support/gateway/gateways.ts";
import { ClaimBook } from "./claim-book.ts";

describe("several gateways", () => {
  it("start one session for a launch that arrives at two of them", async () => {
    const { at, clock, sessions } = await gateways();
    const [first, second] = await Promise.all([at(0).launch("maya", { room: "room" }), at(1).launch("maya", { room: "room" })]);
    await clock.advance(100);
    expect([first.status, second.status, sessions("room")]).toEqual([200, 200, 1]);
    expect(second.message).toBe(first.message);
  });

  it("return the first response to a retry at any of them, for one minute", async () => {
    const { at, clock, sessions } = await gateways();
    const first = await at(0).launch("maya", { room: "room" });
    await clock.advance(50_000);
    const again = await at(2).launch("maya", { room: "room" });
    await clock.advance(100);
    expect([again.message, sessions("room")]).toEqual([first.message, 1]);
    await clock.advance(60_000);
    await at(1).launch("maya", { room: "room" });
    await clock.advance(100);
    expect(sessions("room")).toBe(2);
  });

  it("find the session that a killed gateway started, for each of the gateways", async () => {
    for (const dying of [0, 1, 2]) {
      const { at, clock, peers, sessions } = await gateways({ w1: "begin-and-hang" });
      await at(dying).launch("maya", { room: "room" });
      await clock.advance(100);
      peers.kill(gatewayNames[dying]!);
      const again = await at(dying + 1).launch("maya", { room: "room" });
      await clock.advance(2_000);
      expect([again.status, again.message, sessions("room")]).toEqual([200, expect.stringContaining("task-of-room"), 1]);
    }
  });

  it("start a launch that a killed gateway had claimed and not started", async () => {
    const { at, clock, peers, fakes, sessions } = await gateways({ w1: "hang" });
    await at(0).launch("maya", { room: "room" });
    await clock.advance(100);
    peers.kill(gatewayNames[0]!);
    Object.assign(fakes.all()[0]!, { launch: "accept" });
    const again = await at(1).launch("maya", { room: "room" });
    await clock.advance(2_000);
    expect([again.status, sessions("room")]).toEqual([200, 1]);
  });

  it("serve launches alone if no other gateway responds", async () => {
    const { at, clock, peers } = await gateways();
    peers.kill(gatewayNames[1]!);
    peers.kill(gatewayNames[2]!);
    const launches = await Promise.all(["a", "b", "c", "d"].map((room) => at(0).launch("maya", { room })));
    await clock.advance(100);
    expect(launches.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it("send claims to at most two gateways for each attempt", async () => {
    const { at, clock, peers } = await gateways();
    const launches = [];
    for (let launch = 0; launch < 6; launch += 1) launches.push(await at(launch).launch("maya", { room: `room-${launch}` }));
    await clock.advance(1_000);
    expect(peers.asked).toBeLessThanOrEqual(2 * launches.reduce((sum, { trace }) => sum + trace.attempts, 0));
  });

  it("never start a launch twice, for any worker fault and any killed gateway", async () => {
    const behaviour = fc.constantFrom<LaunchBehaviour>(
      "accept",
      "full",
      "refuse-connection",
      "lost-answer",
      "reset",
      "begin-and-hang",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { minLength: 1, maxLength: 3 }),
        fc.array(fc.record({ gateway: fc.nat(2), afterMs: fc.nat(3_000) }), { minLength: 2, maxLength: 6 }),
        fc.record({ gateway: fc.nat(2), afterMs: fc.nat(6_000) }),
        async (behaviours, tries, death) => {
          const { at, clock, peers, sessions } = await gateways(
            Object.fromEntries(behaviours.map((each, index) => [`w${index}`, each])),
          );
          clock.schedule(death.afterMs, () => peers.kill(gatewayNames[death.gateway]!));
          for (const { gateway, afterMs } of tries) {
            await clock.advance(afterMs);
            if (!peers.dead.has(gatewayNames[gateway]!)) await at(gateway).launch("maya", { room: "room" });
          }
          await clock.advance(90_000);
          expect(sessions("room")).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe("ClaimBook", () => {
  const claim = { launch: "key", room: "room", gateway: "http://a", worker: "w", before: ["old"] };

  it("grants a launch to the first gateway, and to another if that claim is void or old", () => {
    const clock = new FakeClock();
    const book = new ClaimBook(clock);
    expect(book.claim(claim)).toMatchObject({ kind: "granted" });
    expect(book.claim({ ...claim, worker: "v" })).toMatchObject({ kind: "granted" });
    const held = { kind: "held", gateway: "http://a", worker: "v", before: ["old"] };
    expect(book.claim({ ...claim, gateway: "http://b" })).toMatchObject(held);
    expect(book.claim({ ...claim, gateway: "http://b", instead: "http://a" })).toMatchObject({ kind: "granted" });
    expect(book.claim(claim)).toMatchObject({ kind: "held", gateway: "http://b" });
  });

  it("removes claims after two minutes", async () => {
    const clock = new FakeClock();
    const book = new ClaimBook(clock);
    book.claim(claim);
    await clock.advance(120_000);
    expect(book.claim({ ...claim, gateway: "http://b" })).toMatchObject({ kind: "granted" });
    expect(book.size).toBe(1);
  });

  it("orders the launches of a room, and lists the other gateways that launch there", () => {
    const book = new ClaimBook(new FakeClock());
    const claims = ["http://a", "http://b", "http://b"].map((gateway, at) =>
      book.claim({ ...claim, gateway, launch: `key-${at}` }),
    );
    const again = book.claim({ ...claim, launch: "key-0" });
    const elsewhere = book.claim({ ...claim, gateway: "http://c", room: "other", launch: "key-3" });
    expect([...claims, again, elsewhere].map((verdict) => verdict.kind === "granted" && verdict.others)).toEqual([
      [],
      ["http://a"],
      ["http://a"],
      ["http://b"],
      [],
    ]);
    const tickets = [...claims, again].map((verdict) => verdict.kind === "granted" && verdict.ticket);
    expect(tickets).toEqual([...new Set(tickets)].sort());
  });
});
