import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeCloud } from "../../../test/support/gateway/fake-cloud.ts";
import { FakePeers } from "../../../test/support/gateway/fake-peers.ts";
import { FakeWorkers, type LaunchBehaviour } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { small } from "../../../test/support/gateway/overflow.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { Shares } from "../workers/shares.ts";

describe("several gateways", () => {
  const names = ["http://a", "http://b", "http://c"];

  async function setup(maxSessions = 30, launch: LaunchBehaviour = "accept") {
    const clock = new FakeClock();
    const workers = new FakeWorkers();
    const cloud = new FakeCloud();
    const peers = new FakePeers(clock, names);
    const pool = testPool({ ...small, overflow: { maxSessions } });
    const worker = workers.add("a", { slots: 1, sessions: 1, launch });
    const gateways = names.map((name) => {
      const world = { clock, workers, overflow: cloud.deps, peers: peers.seenBy(name), network: peers.networkOf(name, workers) };
      const gateway = gatewayHarness(pool, world);
      gateway.core.share(new Shares(name, names));
      peers.members.set(name, gateway.core);
      return gateway;
    });
    for (const gateway of gateways) await gateway.setRecord("a", {});
    return { clock, cloud, peers, gateways, worker };
  }

  it("send a launch that arrives at two of them to the cloud once", async () => {
    const { clock, cloud, gateways } = await setup();
    const results = [await gateways[0]!.launch("maya", { room: "room" }), await gateways[1]!.launch("maya", { room: "room" })];
    await clock.advance(10_000);
    expect([...results.map(({ status }) => status), cloud.launches.length]).toEqual([200, 200, 1]);
  });

  it("do not resend a launch that a killed gateway had sent to the cloud", async () => {
    const { clock, cloud, peers, gateways } = await setup();
    cloud.answer = "hangs";
    await gateways[0]!.launch("maya", { room: "room" });
    await clock.advance(6_000);
    peers.kill(names[0]!);
    const again = await gateways[1]!.launch("maya", { room: "room" });
    await clock.advance(20_000);
    expect([again.status, again.code, cloud.launches.length]).toEqual([502, "overflow_unclear", 1]);
  });

  it("start no launch twice and respect the cap, with any fault of cloud, worker and gateway", async () => {
    const answer = fc.constantFrom<FakeCloud["answer"]>(200, 401, 403, 429, 500, 503, "unreachable", "lost", "hangs");
    const behaviour = fc.constantFrom<LaunchBehaviour>("accept", "full", "lost-answer", "begin-and-hang", "reset");
    const step = fc.record({
      gateway: fc.nat(2),
      room: fc.constantFrom("r1", "r2", "r3", "r4", "r5"),
      answer,
      freed: fc.boolean(),
      afterMs: fc.nat(6_000),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 10 }),
        behaviour,
        fc.record({ gateway: fc.nat(2), afterMs: fc.nat(20_000) }),
        async (steps, launch, death) => {
          const maxSessions = 3;
          const { clock, cloud, peers, gateways, worker } = await setup(maxSessions, launch);
          clock.schedule(death.afterMs, () => peers.kill(names[death.gateway]!));
          const results = [];
          for (const { gateway, room, answer, freed, afterMs } of steps) {
            cloud.answer = answer;
            if (freed) worker.sessions = worker.rooms.length;
            if (!peers.dead.has(names[gateway]!)) {
              results.push({ gateway, ...{ result: await gateways[gateway]!.launch("maya", { room }) } });
            }
            await clock.advance(afterMs);
            const counted = gateways.map(({ core, key }) => core.state(key)?.overflow?.sessions ?? 0);
            expect(counted.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(maxSessions);
          }
          await clock.advance(60_000 - steps.reduce((sum, { afterMs }) => sum + afterMs, 0));
          for (const room of ["r1", "r2", "r3", "r4", "r5"]) {
            const begun = worker.rooms.filter((each) => each === room).length + cloud.begun.filter((each) => each === room).length;
            expect(begun).toBeLessThanOrEqual(1);
          }
          await clock.advance(180_000);
          for (const { gateway, result } of results) if (!peers.dead.has(names[gateway]!)) expect(result.status).not.toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});
