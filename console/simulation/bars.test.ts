import { describe, expect, it } from "vitest";
import type { Outcome } from "../../operator/simulate/comparison.ts";
import { barCharts } from "./bars.ts";

const outcome = (name: string, changes: Partial<Outcome> = {}): Outcome => ({
  ...{ name, launches: 1_000, warm: 990, waited: 10, refused: 0, startupS: { p50: 4, p95: 4, p99: 20 }, workerHours: 12.5 },
  ...{ cost: 25, wouldHaveEnded: 0, directionChangesPerHour: 1, clairvoyantHours: 10, timeline: [] },
  ...changes,
});

describe("the bars of a simulation", () => {
  it("compare the launches without a warm slot, the cost and the start-up", () => {
    const charts = barCharts([outcome("a"), outcome("b", { warm: 980, cost: 50 })]);
    expect(charts.map(({ title, bars }) => [title, bars.map(({ text, share }) => `${text} ${share}`)])).toEqual([
      ["Launches without a warm slot", ["1.00% (10) 0.5", "2.00% (20) 1"]],
      ["Cost", ["25.00 0.5", "50.00 1"]],
      ["Start-up, 99th percentile", ["20.0s 1", "20.0s 1"]],
    ]);
  });

  it("compare worker-hours if a group has no price", () => {
    expect(barCharts([outcome("a", { cost: undefined }), outcome("b")])[1]).toMatchObject({
      title: "Worker-hours",
      bars: [{ text: "12.5" }, { text: "12.5" }],
    });
  });

  it("have no length if every figure is zero", () => {
    expect(barCharts([outcome("a", { warm: 1_000 })])[0]?.bars[0]?.share).toBe(0);
  });
});
