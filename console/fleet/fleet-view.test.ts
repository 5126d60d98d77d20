import { describe, expect, it } from "vitest";
import type { FleetRow } from "../../operator/api/console.ts";
import { everyRow, type FleetView, rowsOf, sortedBy, sortKeys, totalsOf } from "./fleet-view.ts";

const base: FleetRow = {
  ...{ namespace: "avatars", name: "support", health: "ok", sentence: "every preset can be launched", sessions: 0, slots: 4 },
  ...{ warmSlots: 0, queued: 0, pressurePerMinute: 0, objectiveMs: 4_000, objectivePercentile: 95, stale: false },
};
const fleet = (...rows: readonly Partial<FleetRow>[]) =>
  new Map(rows.map((row) => [`avatars/${row.name}`, { ...base, ...row }] as const));
const namesOf = (rows: ReturnType<typeof fleet>, view: Partial<FleetView>) =>
  rowsOf(rows, { ...everyRow, ...view }).map(({ name }) => name);

describe("rowsOf", () => {
  it("shows the worst health first, and equal rows by name", () => {
    const rows = fleet({ name: "d" }, { name: "c", health: "paused" }, { name: "b", health: "failed" }, { name: "a" });
    expect(namesOf(rows, {})).toEqual(["b", "c", "a", "d"]);
    expect(namesOf(rows, { reversed: true })).toEqual(["a", "d", "c", "b"]);
  });

  it("finds each word of the search in the name, the namespace, the health or the sentence", () => {
    const rows = fleet({ name: "sales", sentence: "the Secret is missing", health: "failed" }, { name: "support" });
    expect(namesOf(rows, { search: "secret avatars" })).toEqual(["sales"]);
    expect(namesOf(rows, { search: "FAILED" })).toEqual(["sales"]);
    expect(namesOf(rows, { search: "secret support" })).toEqual([]);
    expect(namesOf(rows, { health: "ok" })).toEqual(["support"]);
  });

  it("shows first what needs a person: few warm slots, slow start-ups, small budgets", () => {
    const rows = fleet(
      { name: "short", warmSlots: 1, warmWanted: 4, startupP95Ms: 2_000, errorBudget: 0.9, costPerHour: 1, sessions: 1 },
      { name: "slow", warmSlots: 9, warmWanted: 2, startupP95Ms: 9_000, errorBudget: 0.1, costPerHour: 9, sessions: 2 },
      { name: "new", warmSlots: 0 },
    );
    const firsts = Object.fromEntries(sortKeys.map((sort) => [sort, namesOf(rows, { sort })[0]]));
    expect(firsts).toEqual({
      health: "new",
      name: "new",
      sessions: "slow",
      warm: "short",
      startup: "slow",
      budget: "slow",
      cost: "slow",
    });
  });
});

describe("sortedBy", () => {
  it("reverses the order at the second click on a column", () => {
    const once = sortedBy(everyRow, "cost");
    expect([once, sortedBy(once, "cost").reversed, sortedBy(sortedBy(once, "cost"), "name").reversed]).toEqual([
      { ...everyRow, sort: "cost", reversed: false },
      true,
      false,
    ]);
  });
});

describe("totalsOf", () => {
  it("sums the pools, and has no cost if no pool has one", () => {
    const rows = [
      ...fleet({ name: "a", sessions: 2, costPerHour: 1.5, stale: true }, { name: "b", health: "failed", sessions: 3 }).values(),
    ];
    expect(totalsOf(rows)).toMatchObject({ sessions: 5, slots: 8, costPerHour: 1.5, stale: 1, health: { ok: 1, failed: 1 } });
    expect(totalsOf([base]).costPerHour).toBeUndefined();
  });
});
