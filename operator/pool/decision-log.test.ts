import { describe, expect, it } from "vitest";
import { DecisionLog, decisionLimits } from "./decision-log.ts";
import type { DecisionRecord } from "./planning/decision.ts";

const record = (change: Partial<DecisionRecord>): DecisionRecord => ({
  atMs: 0,
  group: "gpu",
  from: 1,
  to: 1,
  arithmetic: "",
  outcome: "unchanged",
  reason: "",
  ...change,
});

describe("DecisionLog", () => {
  it("keeps the last 200 changes, and the latest decision on every group", () => {
    const log = new DecisionLog();
    for (let atMs = 1; atMs <= 210; atMs++) log.add([record({ atMs, outcome: "grew" }), record({ atMs, group: "cpu" })]);
    expect(log.changes).toHaveLength(200);
    expect(log.changes.at(0)?.atMs).toBe(11);
    expect(log.changes.at(-1)).toMatchObject({ atMs: 210, group: "gpu" });
    expect([...log.latest.values()]).toMatchObject([{ group: "gpu" }, { group: "cpu", atMs: 210 }]);
  });

  it("keeps 7,000 changes of all pools, and at least 20 of each", () => {
    expect([1, 35, 200, 1_000].map((pools) => decisionLimits(pools).changes)).toEqual([200, 200, 35, 20]);
  });

  it("keeps what the newest changes were computed from", () => {
    const log = new DecisionLog(() => ({ changes: 4, bases: 2 }));
    const basis = {
      demand: { slots: { kind: "auto" }, room: undefined, sets: [] },
      supplies: [],
      wantedBefore: 0,
      fixed: 0,
    } as const;
    for (let atMs = 1; atMs <= 5; atMs++) log.add([record({ atMs, outcome: "grew", basis })]);
    expect(log.changes.map(({ atMs, basis: kept }) => [atMs, kept !== undefined])).toEqual([
      [2, false],
      [3, false],
      [4, true],
      [5, true],
    ]);
  });

  it("removes the decision on a group that the pool no longer has", () => {
    const log = new DecisionLog();
    log.add([record({ group: "old" })]);
    log.add([record({ group: "gpu" })]);
    expect([...log.latest.keys()]).toEqual(["gpu"]);
  });
});
