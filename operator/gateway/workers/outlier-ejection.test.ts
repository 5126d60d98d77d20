import { describe, expect, it } from "vitest";
import { OutlierEjection } from "./outlier-ejection.ts";

describe("OutlierEjection", () => {
  it("leaves a worker alone that broke a launch, twice as long each time, for five minutes at most", () => {
    const ejection = new OutlierEjection();
    const pauses = Array.from({ length: 9 }, () => {
      ejection.failed("broken", 0);
      let untilMs = 0;
      while (ejection.ejected(untilMs)) untilMs += 1_000;
      return untilMs / 1_000;
    });
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it("is on trial after that, until one launch has gone well", () => {
    const ejection = new OutlierEjection();
    ejection.failed("timed-out", 0);
    expect(ejection).toMatchObject({ onTrial: true });
    ejection.succeeded();
    expect(ejection.onTrial).toBe(false);
    ejection.failed("broken", 100_000);
    expect(ejection.ejected(104_999)).toBe(true);
    expect(ejection.ejected(105_000)).toBe(false);
  });

  it("forgives three refusals in a row, which are races, and pauses after more, shortly", () => {
    const ejection = new OutlierEjection();
    for (let refusals = 0; refusals < 3; refusals += 1) ejection.failed("full", 0);
    expect(ejection.ejected(0)).toBe(false);
    ejection.failed("full", 0);
    expect([ejection.ejected(499), ejection.ejected(500), ejection.onTrial]).toEqual([true, false, false]);
  });
});
