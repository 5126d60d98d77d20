import { describe, expect, it } from "vitest";
import { type LaunchHistory, noteLaunches, remainingBudget } from "./error-budget.ts";

const HOUR_MS = 3_600_000;

describe("the error budget", () => {
  it("is the share of the allowed misses that is left, and never negative", () => {
    const left = (arrived: number, missed: number) => remainingBudget([], { arrived, missed }, 99);
    expect([left(0, 0), left(1_000, 0), left(1_000, 5), left(1_000, 10), left(1_000, 30)]).toEqual([1, 1, 0.5, 0, 0]);
    expect(remainingBudget([], { arrived: 10, missed: 1 }, 100)).toBe(0);
  });

  it("forgets launches after a day, with at most an entry for each hour", () => {
    let history: LaunchHistory = [];
    const at = (hour: number, arrived: number, missed: number) => {
      history = noteLaunches(history, { arrived, missed }, hour * HOUR_MS);
      return remainingBudget(history, { arrived, missed }, 90);
    };
    expect([at(0, 0, 0), at(0.5, 100, 10)]).toEqual([1, 0]);
    for (let hour = 1; hour < 24; hour++) expect(at(hour, 100, 10)).toBe(0);
    expect(history).toHaveLength(24);
    expect([at(25, 100, 10), at(26, 200, 10)]).toEqual([1, 1]);
    expect(history.length).toBeLessThanOrEqual(25);
  });
});
