import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { agentPool, agentRecord } from "../../../test/support/gateway/pool.ts";
import { JOBS } from "../../api/pool-config.ts";
import { Shares } from "../workers/shares.ts";
import type { Dispatch } from "./untaken-jobs.ts";

/** Rooms, each with one dispatch. */
async function setup({ livekit = true } = {}) {
  const clock = new FakeClock();
  const rooms = new Map<string, Dispatch & { taken: boolean }>();
  const reads: string[] = [];
  const dispatches = {
    rooms: async () => [...rooms].map(([name, { createdAtMs }]) => ({ id: `id-${name}`, name, createdAtMs })),
    dispatches: async (_pool: unknown, room: string) => {
      reads.push(room);
      return [...rooms].flatMap(([name, dispatch]) => (name === room ? dispatch : []));
    },
  };
  const pool = agentPool(livekit ? {} : { livekit: undefined });
  const harness = gatewayHarness(pool, { clock, dispatches });
  await harness.setPool(pool);
  await harness.addWorker("a", {}, agentRecord);
  await clock.advance(5_000);
  const open = (name: string, agent = "maya") =>
    rooms.set(name, { id: `dispatch-${name}`, agent, createdAtMs: clock.now(), taken: false });
  const refused = () => harness.core.state(harness.key)?.shortages[JOBS]?.refused ?? 0;
  return { ...harness, rooms, reads, open, refused };
}

describe("jobs that no worker took", () => {
  it("count once each, as launches that were refused, after every worker could answer", async () => {
    const { open, clock, refused, core, key } = await setup();
    open("one");
    await clock.advance(10_000);
    expect(refused()).toBe(0);
    await clock.advance(10_000);
    expect(refused()).toBe(1);
    expect(core.state(key)?.launches[JOBS]).toEqual({ arrived: 1, missed: 1, started: 0 });
    await clock.advance(600_000);
    expect(refused()).toBe(1);
  });

  it("do not count if a worker takes them late, or if they are for another agent", async () => {
    const { open, rooms, clock, refused } = await setup();
    open("late");
    open("other", "leo");
    await clock.advance(8_000);
    rooms.get("late")!.taken = true;
    await clock.advance(60_000);
    expect(refused()).toBe(0);
  });

  it("count if the pool has no worker left", async () => {
    const { open, removeWorker, clock, refused } = await setup();
    await removeWorker("a");
    open("one");
    await clock.advance(30_000);
    expect(refused()).toBe(1);
  });

  it("are read at a limited rate, new rooms first", async () => {
    const { open, reads, clock, refused } = await setup();
    for (let n = 0; n < 200; n += 1) open(`full-${n}`, "leo");
    await clock.advance(60_000);
    expect(reads.length).toBeLessThanOrEqual(240);
    open("new");
    await clock.advance(20_000);
    expect(refused()).toBe(1);
  });

  it("are read by one gateway only, and not without a LiveKit key", async () => {
    const several = await setup();
    several.core.share(new Shares("z", ["a", "b", "c", "d", "e", "f", "g", "h"]));
    several.open("one");
    const keyless = await setup({ livekit: false });
    keyless.open("one");
    for (const { clock } of [several, keyless]) await clock.advance(60_000);
    expect([...several.reads, ...keyless.reads]).toEqual([]);
  });
});
