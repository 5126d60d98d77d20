import { describe, expect, it } from "vitest";
import { DecisionLog } from "./decision-log.ts";
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
  it("keeps the last fifty changes, and the latest decision on every group", () => {
    const log = new DecisionLog();
    for (let atMs = 1; atMs <= 60; atMs++) log.add([record({ atMs, outcome: "grew" }), record({ atMs, group: "cpu" })]);
    expect(log.changes).toHaveLength(50);
    expect(log.changes.at(0)?.atMs).toBe(11);
    expect(log.changes.at(-1)).toMatchObject({ atMs: 60, group: "gpu" });
    expect([...log.latest.values()]).toMatchObject([{ group: "gpu" }, { group: "cpu", atMs: 60 }]);
  });

  it("removes the decision on a group that the pool no longer has", () => {
    const log = new DecisionLog();
    log.add([record({ group: "old" })]);
    log.add([record({ group: "gpu" })]);
    expect([...log.latest.keys()]).toEqual(["gpu"]);
  });
});
