import { describe, expect, it } from "vitest";
import { ageOf, costOf, countOf, durationOf, plural, shareOf } from "./figures.ts";

describe("figures", () => {
  it("are read at a glance", () => {
    expect([0, 999, 4_140, 9_949, 9_950, 75_400, 99_949, 720_000].map(durationOf)).toEqual([
      ...["0 ms", "999 ms", "4.1 s", "9.9 s", "10 s", "75 s", "100 s", "12 min"],
    ]);
    expect([-5, 8_999, 60_000, 7_500_000, 90_000_000, 86_400_000].map(ageOf)).toEqual([
      "0 s",
      "8 s",
      "1 min",
      "2 h 5 min",
      "1 d 1 h",
      "1 d",
    ]);
    expect([countOf(12_345), plural(1, "slot"), plural(0, "slot"), costOf(1_234.5)]).toEqual([
      "12,345",
      "1 slot",
      "0 slots",
      "1,234.50",
    ]);
  });

  it("do not round a budget up to full, or a used budget to more than nothing", () => {
    expect([1, 0.9999, 0.991, 0.55, 0, -0.2].map(shareOf)).toEqual(["100 %", "99.9 %", "99.1 %", "55 %", "0 %", "0 %"]);
  });

  it("are a dash while unknown", () => {
    expect([durationOf(undefined), shareOf(undefined), costOf(undefined)]).toEqual(["–", "–", "–"]);
  });
});
