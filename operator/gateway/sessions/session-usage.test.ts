import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { FakeWorkers } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { Shares } from "../workers/shares.ts";

const pool = testPool({ credits: {} });
const MINUTE_MS = 60_000;
const nothing = { sessions: 0, minutes: 0 };

/** Gateways that share the workers `a` and `b`. */
async function setup(count = 1, { times = true } = {}) {
  const clock = new FakeClock();
  const workers = new FakeWorkers(times ? clock : undefined);
  const names = Array.from({ length: count }, (_, at) => `http://gateway-${at}`);
  for (const name of ["a", "b"]) workers.add(name, { slots: 50 });
  const gateways: ReturnType<typeof gatewayHarness>[] = [];
  async function start(name: string) {
    const gateway = gatewayHarness(pool, { clock, workers });
    gateway.core.share(new Shares(name, names));
    for (const worker of ["a", "b"]) await gateway.setRecord(worker, {});
    gateways.push(gateway);
  }
  for (const name of names) await start(name);
  /** The counts of all gateways, those that stopped included. */
  const counted = () =>
    gateways.reduce((sum, { core, key }) => {
      const { sessions, minutes } = core.state(key)?.usage?.["self-hosted"]?.expression ?? nothing;
      return { sessions: sum.sessions + sessions, minutes: sum.minutes + minutes };
    }, nothing);
  const end = (room: string) => {
    const worker = workers.all().find(({ rooms }) => rooms.includes(room));
    if (worker === undefined) throw new Error(`no session in ${room}`);
    workers.end(worker, room);
  };
  return { clock, workers, gateways, start, counted, end };
}

describe("the usage of a session", () => {
  it("is nothing while workers are idle", async () => {
    const { clock, gateways, counted } = await setup();
    await clock.advance(10 * MINUTE_MS);
    expect([counted(), gateways[0]!.core.state(gateways[0]!.key)?.usage]).toEqual([nothing, undefined]);
  });

  it("is one minute at once, and a further one when a list shows it in its next minute", async () => {
    const { clock, gateways, counted } = await setup();
    await gateways[0]!.launch("maya");
    expect(counted()).toEqual({ sessions: 1, minutes: 1 });
    await clock.advance(MINUTE_MS);
    expect(counted()).toEqual({ sessions: 1, minutes: 1 });
    await clock.advance(16_000);
    expect(counted()).toEqual({ sessions: 1, minutes: 2 });
  });

  it.each([
    [1_000, 1],
    [60_000, 1],
    [60_001, 2],
    [179_999, 3],
    [180_001, 4],
  ])("of %i ms is %i started minutes, by the times of its worker", async (lengthMs, minutes) => {
    const { clock, gateways, counted, end } = await setup();
    await gateways[0]!.launch("maya", { room: "room" });
    await clock.advance(lengthMs);
    end("room");
    await clock.advance(20_000);
    expect(counted()).toEqual({ sessions: 1, minutes });
  });

  it("ends with the last list that contains it if the worker reports no times", async () => {
    const { clock, gateways, counted, end } = await setup(1, { times: false });
    await gateways[0]!.launch("maya", { room: "room" });
    await clock.advance(3 * MINUTE_MS - 5_000);
    end("room");
    await clock.advance(20_000);
    expect(counted()).toEqual({ sessions: 1, minutes: 3 });
  });

  it("is not counted for a rejected launch, nor twice for a repeated one", async () => {
    const { gateways, workers, counted } = await setup();
    await gateways[0]!.launch("maya", { room: "room" });
    await gateways[0]!.launch("maya", { room: "room" });
    for (const worker of workers.all()) worker.launch = "reject";
    await gateways[0]!.launch("maya", { room: "other" });
    expect(counted()).toEqual({ sessions: 1, minutes: 1 });
  });

  it("is counted once for a launch whose answer was lost", async () => {
    const { clock, gateways, workers, counted } = await setup();
    for (const worker of workers.all()) worker.launch = "lost-answer";
    const { status } = await gateways[0]!.launch("maya", { room: "room" });
    await clock.advance(10_000);
    expect([status, counted()]).toEqual([200, { sessions: 1, minutes: 1 }]);
  });

  it("is not counted for a pool without credits", async () => {
    const gateway = gatewayHarness(testPool());
    await gateway.addWorker("a");
    await gateway.launch("maya");
    expect(gateway.core.state(gateway.key)?.usage).toBeUndefined();
  });

  it("is exact over several gateways: one of them counts each session and each minute", async () => {
    const session = fc.record({ gateway: fc.nat(2), lengthMs: fc.integer({ min: 1, max: 400_000 }), gapMs: fc.nat(30_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: 1, maxLength: 12 }), async (sessions) => {
        const { clock, gateways, counted, end } = await setup(3);
        for (const [at, { gateway, lengthMs, gapMs }] of sessions.entries()) {
          const room = `room-${at}`;
          expect((await gateways[gateway]!.launch("maya", { room })).status).toBe(200);
          clock.schedule(lengthMs, () => end(room));
          await clock.advance(gapMs);
        }
        await clock.advance(460_000);
        const minutes = sessions.reduce((sum, { lengthMs }) => sum + Math.ceil(lengthMs / MINUTE_MS), 0);
        expect(counted()).toEqual({ sessions: sessions.length, minutes });
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  it("differs by at most one minute per session after a restart of the gateway", async () => {
    const restart = fc.record({ atMs: fc.nat(500_000), downMs: fc.nat(20_000) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 600_000 }), restart, async (lengthMs, { atMs, downMs }) => {
        const { clock, gateways, start, counted, end } = await setup();
        await gateways[0]!.launch("maya", { room: "room" });
        clock.schedule(lengthMs, () => end("room"));
        await clock.advance(atMs);
        gateways[0]!.core.stop();
        await clock.advance(downMs);
        await start("http://gateway-0");
        await clock.advance(700_000);
        const { sessions, minutes } = counted();
        expect(sessions).toBe(1);
        expect(Math.abs(minutes - Math.ceil(lengthMs / MINUTE_MS))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
