import { describe, expect, it } from "vitest";
import type { DecisionMark, History, HistorySample } from "../../operator/api/console.ts";
import { absorbedOf, columnsOf, merged, withDecisions, withSample } from "./samples.ts";

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
  it("gets newer samples, replaces the newest one and ignores older ones", () => {
    const first = history([at(10), at(20, { sessions: 1 })]);
    expect(withSample(first, at(30)).samples.map(({ atMs }) => atMs)).toEqual([10, 20, 30]);
    expect(withSample(first, at(20, { sessions: 2 })).samples.map(({ sessions }) => sessions)).toEqual([0, 2]);
    expect(withSample(first, at(15))).toBe(first);
    expect(withSample(first, at(30)).toMs).toBe(30);
  });

  it("gets each decision once, in the order of time", () => {
    const first = history([at(10)], [decision("b", 20)]);
    const next = withDecisions(first, [decision("b", 20), decision("a", 15)]);
    expect(next.decisions.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(withDecisions(next, [decision("a", 15)])).toBe(next);
  });
});

describe("merged samples", () => {
  it("have the largest of each level and the sum of each counter", () => {
    const samples = [
      at(0, { sessions: 3, refused: 1 }),
      at(5, { sessions: 7, refused: 2, startupP95Ms: 4_000 }),
      at(10, { sessions: 1, startupP95Ms: 3_000 }),
    ];
    const rows = merged(samples, 0, 20, 2);
    expect(rows.map(({ sessions, refused, startupP95Ms }) => [sessions, refused, startupP95Ms])).toEqual([
      [7, 3, 4_000],
      [1, 0, 3_000],
    ]);
  });

  it("leave out what is not visible, and intervals without a sample", () => {
    expect(merged([at(0), at(50), at(100)], 40, 100, 6).map(({ atMs }) => atMs)).toEqual([50, 100]);
  });
});

describe("the columns of a plot", () => {
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

it("counts a 503 as absorbed unless a client got an error", () => {
  expect(absorbedOf([at(0, { worker503: 4 }), at(10, { worker503: 1, refused: 2 })])).toEqual({
    worker503: 5,
    absorbed: 3,
    refused: 2,
  });
});
