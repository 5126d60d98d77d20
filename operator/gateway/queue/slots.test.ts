import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { testPool, testRecord } from "../../../test/support/gateway/pool.ts";
import { poolKey } from "../../api/pool-config.ts";
import { WorkerTable } from "../workers/worker-table.ts";
import { Slots } from "./slots.ts";

const pool = testPool();
const key = poolKey(pool);

function setup() {
  const clock = new FakeClock();
  const workers = new WorkerTable({ findPool: () => pool, clock });
  const worker = workers.upsert(testRecord("a"));
  worker.probed(worker.probeStarts(), { kind: "ready", sessions: 0, slots: 1 });
  return { clock, slots: new Slots({ clock, findPool: () => pool, workers }) };
}

it("the waiting launch gets the free slot, even if a new launch requests it first", async () => {
  const { clock, slots } = setup();
  const taken = slots.take(pool, "maya", new Set());
  const take = () => slots.takeQueued(key, "maya");
  const waiting = slots
    .queue(key)
    .wait(
      { order: 1, client: "", want: "maya", deadlineMs: clock.now() + 1_000, again: false, take },
      { length: 1, signal: new AbortController().signal },
    );
  taken?.release();
  expect(slots.take(pool, "maya", new Set())).toBeUndefined();
  expect((await waiting).kind).toBe("granted");
});

it("a slot is granted once, with the warm state of its worker", () => {
  const { slots } = setup();
  expect(slots.take(pool, "maya", new Set())).toMatchObject({ warm: true, worker: { name: "a" } });
  expect(slots.take(pool, "maya", new Set())).toBeUndefined();
  expect(slots.shortage(pool, "maya")).toBe("all-full");
  expect(slots.shortage(pool, "leo")).toBe("no-workers");
});
