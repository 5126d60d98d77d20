import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakePeers } from "../../../test/support/gateway/fake-peers.ts";
import { FakeWorkers, type LaunchBehaviour } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { ClaimBook } from "./claim-book.ts";

const names = ["http://a", "http://b", "http://c"];

/** Three gateways before the same workers. */
async function setup(workers: Readonly<Record<string, LaunchBehaviour>> = { w1: "accept", w2: "accept" }) {
  const clock = new FakeClock();
  const fakes = new FakeWorkers();
  const peers = new FakePeers(clock, names);
  const pool = testPool({ launch: { queue: { length: 10, deadline: "20s" } } });
  const gateways = names.map((name) => {
    const gateway = gatewayHarness(pool, {
      clock,
      workers: fakes,
      peers: peers.seenBy(name),
      network: peers.networkOf(name, fakes),
    });
    peers.members.set(name, gateway.core);
    return gateway;
  });
  for (const [name, launch] of Object.entries(workers)) {
    fakes.add(name, { launch, slots: 4 });
    for (const gateway of gateways) await gateway.setRecord(name, {});
  }
  const at = (index: number) => gateways[index % gateways.length]!;
  const sessions = (room: string) => fakes.all().flatMap(({ rooms }) => rooms.filter((begun) => begun === room)).length;
  return { clock, fakes, peers, at, sessions };
}

describe("several gateways", () => {
  it("begin a launch once that two clients' connections brought to two of them", async () => {
    const { at, clock, sessions } = await setup();
    const [first, second] = await Promise.all([at(0).launch("maya", { room: "room" }), at(1).launch("maya", { room: "room" })]);
    await clock.advance(100);
    expect([first.status, second.status, sessions("room")]).toEqual([200, 200, 1]);
    expect(second.message).toBe(first.message);
  });

  it("give a retry at any of them the answer that was lost, for a minute", async () => {
    const { at, clock, sessions } = await setup();
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

  it("find the session that a gateway began before it was killed, whichever of them it was", async () => {
    for (const dying of [0, 1, 2]) {
      const { at, clock, peers, sessions } = await setup({ w1: "begin-and-hang" });
      await at(dying).launch("maya", { room: "room" });
      await clock.advance(100);
      peers.kill(names[dying]!);
      const again = await at(dying + 1).launch("maya", { room: "room" });
      await clock.advance(2_000);
      expect([again.status, again.message, sessions("room")]).toEqual([200, expect.stringContaining("task-of-room"), 1]);
    }
  });

  it("begin what a gateway had claimed and not begun when it was killed", async () => {
    const { at, clock, peers, fakes, sessions } = await setup({ w1: "hang" });
    await at(0).launch("maya", { room: "room" });
    await clock.advance(100);
    peers.kill(names[0]!);
    Object.assign(fakes.all()[0]!, { launch: "accept" });
    const again = await at(1).launch("maya", { room: "room" });
    await clock.advance(2_000);
    expect([again.status, sessions("room")]).toEqual([200, 1]);
  });

  it("go on alone when they can ask nobody", async () => {
    const { at, clock, peers } = await setup();
    peers.kill(names[1]!);
    peers.kill(names[2]!);
    const launches = await Promise.all(["a", "b", "c", "d"].map((room) => at(0).launch("maya", { room })));
    await clock.advance(100);
    expect(launches.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it("ask two of them at most for each attempt", async () => {
    const { at, clock, peers } = await setup();
    const launches = [];
    for (let launch = 0; launch < 6; launch += 1) launches.push(await at(launch).launch("maya", { room: `room-${launch}` }));
    await clock.advance(1_000);
    expect(peers.asked).toBeLessThanOrEqual(2 * launches.reduce((sum, { trace }) => sum + trace.attempts, 0));
  });

  it("never begin a launch twice, whatever workers do and whichever gateway dies", async () => {
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
          const { at, clock, peers, sessions } = await setup(
            Object.fromEntries(behaviours.map((each, index) => [`w${index}`, each])),
          );
          clock.schedule(death.afterMs, () => peers.kill(names[death.gateway]!));
          for (const { gateway, afterMs } of tries) {
            await clock.advance(afterMs);
            if (!peers.dead.has(names[gateway]!)) await at(gateway).launch("maya", { room: "room" });
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
  const claim = { launch: "key", gateway: "http://a", worker: "w" };

  it("grants a launch to who asks first, again to the same, and to another when the first one's claim is void or old", () => {
    const clock = new FakeClock();
    const book = new ClaimBook(clock);
    expect(book.claim(claim)).toEqual({ kind: "granted" });
    expect(book.claim({ ...claim, worker: "v" })).toEqual({ kind: "granted" });
    expect(book.claim({ ...claim, gateway: "http://b" })).toEqual({ kind: "held", gateway: "http://a", worker: "v" });
    expect(book.claim({ ...claim, gateway: "http://b", instead: "http://a" })).toEqual({ kind: "granted" });
    expect(book.claim(claim)).toMatchObject({ kind: "held", gateway: "http://b" });
  });

  it("forgets claims after two minutes", async () => {
    const clock = new FakeClock();
    const book = new ClaimBook(clock);
    book.claim(claim);
    await clock.advance(120_000);
    expect(book.claim({ ...claim, gateway: "http://b" })).toEqual({ kind: "granted" });
    expect(book.size).toBe(1);
  });
});
