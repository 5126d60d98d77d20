import { describe, expect, it } from "vitest";
import type { DecisionMark, History, HistorySample } from "../../operator/api/console.ts";
import { binned, binWidthMs, columnsOf, withRecent } from "./samples.ts";

const at = (atMs: number, changes: Partial<HistorySample> = {}): HistorySample => ({
  ...{ atMs, sessions: 0, slots: 0, warmSlots: 0, warmWanted: 0, replicas: 0, queued: 0 },
  ...{ launches: 0, worker503: 0, refused: 0, waited: 0 },
  ...changes,
});
const decision = (id: string, atMs: number): DecisionMark => ({
  ...{ id, atMs, group: "gpu", from: 1, to: 2, outcome: "grew", reason: "1 session", arithmetic: "1 session" },
});
const history = (samples: readonly HistorySample[], decisions: readonly DecisionMark[] = []): History => ({
  ...{ fromMs: 0, toMs: samples.at(-1)?.atMs ?? 0, stepMs: 10, samples, decisions },
});

describe("the history in a tab", () => {
  it("gets the samples of the stream that are newer", () => {
    const before = history([at(10), at(20, { sessions: 1 })]);
    const after = withRecent(before, { samples: [at(15), at(20, { sessions: 2 }), at(30)], decisions: [] });
    expect(after.samples.map(({ atMs, sessions }) => [atMs, sessions])).toEqual([
      [10, 0],
      [20, 1],
      [30, 0],
    ]);
    expect(after.toMs).toBe(30);
    expect(withRecent(after, { samples: [at(30)], decisions: [] })).toBe(after);
  });

  it("gets each decision once, in the order of time, and none from before its beginning", () => {
    const before = { ...history([at(10)], [decision("b", 20)]), fromMs: 5 };
    const after = withRecent(before, { samples: [], decisions: [decision("b", 20), decision("a", 15), decision("old", 2)] });
    expect(after.decisions.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(after.toMs).toBe(15);
  });
});

describe("binned samples", () => {
  it("have the largest of each level and the sum of each counter", () => {
    const samples = [
      at(20, { sessions: 3, refused: 1 }),
      at(25, { sessions: 7, refused: 2, startupP95Ms: 4_000 }),
      at(61, { sessions: 1, startupP95Ms: 3_000 }),
    ];
    const rows = binned(samples, 20);
    expect(rows.map(({ atMs, sessions, refused, startupP95Ms }) => [atMs, sessions, refused, startupP95Ms])).toEqual([
      [20, 7, 3, 4_000],
      [60, 1, 0, 3_000],
    ]);
  });

  it("have round intervals, which do not move when a sample arrives", () => {
    expect(binWidthMs(6 * 3_600_000, 120, 5_000)).toBe(300_000);
    expect(binWidthMs(60_000, 120, 5_000)).toBe(5_000);
    expect(binWidthMs(1_000 * 3_600_000, 10, 5_000)).toBe(4 * 3_600_000);
  });
});

describe("the columns of a plot", () => {
  it("have no gap where older samples are further apart", () => {
    expect(columnsOf([at(0), at(60), at(120), at(125), at(130)], 5, []).x).toEqual([0, 60, 120, 125, 130]);
  });

  it("break the line where samples are missing", () => {
    const { x, values } = columnsOf([at(10, { sessions: 1 }), at(20, { sessions: 2 }), at(90, { sessions: 3 })], 10, [
      ({ sessions }) => sessions,
      ({ startupP95Ms }) => startupP95Ms,
    ]);
    expect(x).toEqual([10, 20, 30, 90]);
    expect(values).toEqual([
      [1, 2, null, 3],
      [null, null, null, null],
    ]);
  });
});
