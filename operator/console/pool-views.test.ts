import { describe, expect, it } from "vitest";
import { gpuGroup, gpuOnly, NOW_MS, pod, pool, type WorldChange } from "../../test/support/pools.ts";
import { reported } from "../../test/support/reported-pool.ts";
import { IndexedStore } from "../kube/store.ts";
import { PoolMemory } from "../pool/memory.ts";
import type { PoolView } from "../pool/views.ts";
import { PoolViews } from "./pool-views.ts";

const KEY = "avatars/support";
const spec = { ...gpuOnly, workers: [{ ...gpuGroup, costPerHour: 2 }], warm: { slots: 2 } };

function views(view = pool(spec)) {
  const pools = new IndexedStore<PoolView>();
  pools.set(KEY, view, "1");
  const memory = new PoolMemory();
  const state = { gateways: 1 };
  const shown = new PoolViews({ pools, memory: (key) => (key === KEY ? memory : undefined), gateways: () => state.gateways });
  return { pools, memory, shown, state, report: (change: WorldChange) => reported(view, { memory, ...change }) };
}
const busy: WorldChange = { pods: [pod("a"), pod("b")], sessions: { a: 2 }, queued: { maya: 1 } };

describe("PoolViews", () => {
  it("shows a pool in one row: sessions, slots, free warm slots, the queue and the cost of its workers", () => {
    const { shown, report } = views();
    report(busy);
    expect(shown.fleet().get(KEY)).toMatchObject({
      ...{ health: "ok", sessions: 2, slots: 4, warmSlots: 2, warmWanted: 2, queued: 1, costPerHour: 4, stale: false },
      ...{ objectiveMs: 6_000, objectivePercentile: 95 },
    });
  });

  it("has no error budget before the first launch and no start-up time before the first session", () => {
    const { shown, report } = views();
    report({ pods: [pod("a")] });
    const row = shown.fleet().get(KEY);
    expect([row?.errorBudget, row?.startupP95Ms]).toEqual([undefined, undefined]);
  });

  it("shows each worker as a tile, also one that is being deleted", () => {
    const { shown, report } = views();
    report({ ...busy, pods: [...busy.pods!, pod("c", { deleting: true })] });
    const tiles = [...shown.pool(KEY)!.workers.values()];
    expect(tiles.map(({ pod: name, state, sessions }) => [name, state, sessions])).toEqual([
      ["a", "warm", 2],
      ["b", "warm", 0],
      ["c", "draining", 0],
    ]);
    expect(shown.pool(KEY)?.summary).toMatchObject({
      groups: [{ name: "gpu", engine: "expression", desired: 3, max: 10, costPerHour: 2 }],
      presets: [{ name: "maya", warmSlots: 2, queued: 1 }],
      latest: [{ group: "gpu", outcome: "grew" }],
    });
  });

  it("keeps the same objects for what did not change, and replaces only the tile that did", () => {
    const { shown, report } = views();
    report({ pods: [pod("a"), pod("b")] });
    const [row, before] = [shown.fleet().get(KEY), shown.pool(KEY)!];
    report({ pods: [pod("a"), pod("b")], nowMs: NOW_MS + 1_000 });
    expect(shown.fleet().get(KEY)).toBe(row);
    expect(shown.pool(KEY)).toBe(before);
    report({ pods: [pod("a"), pod("b")], sessions: { a: 1 }, nowMs: NOW_MS + 2_000 });
    const after = shown.pool(KEY)!;
    expect(after.workers.get("uid-a")).not.toBe(before.workers.get("uid-a"));
    expect(after.workers.get("uid-b")).toBe(before.workers.get("uid-b"));
  });

  it("marks the row as stale while no gateway is connected", () => {
    const { shown, report, state } = views();
    report(busy);
    state.gateways = 0;
    expect(shown.fleet().get(KEY)?.stale).toBe(true);
    state.gateways = 1;
    expect(shown.fleet().get(KEY)?.stale).toBe(false);
  });

  it("shows the status of a pool that the operator has not reconciled yet", () => {
    const { shown } = views(pool(spec, {}, { sessions: 7, slots: 8, warmSlots: 1 }));
    expect(shown.fleet().get(KEY)).toMatchObject({ health: "starting", sessions: 7, slots: 8, stale: true });
    expect(shown.pool(KEY)?.workers.size).toBe(0);
  });

  it("has no picture of a pool that does not exist", () => {
    expect(views().shown.pool("avatars/other")).toBeUndefined();
  });
});
