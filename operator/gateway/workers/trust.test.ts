import { describe, expect, it } from "vitest";
import { Trust } from "./trust.ts";

describe("Trust", () => {
  it("leaves a worker alone that broke a launch, twice as long each time, for five minutes at most", () => {
    const trust = new Trust();
    const pauses = Array.from({ length: 9 }, () => {
      trust.failed("broken", 0);
      let untilMs = 0;
      while (trust.paused(untilMs)) untilMs += 1_000;
      return untilMs / 1_000;
    });
    expect(pauses).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it("is on trial after that, until one launch has gone well", () => {
    const trust = new Trust();
    trust.failed("timed-out", 0);
    expect(trust).toMatchObject({ onTrial: true });
    trust.succeeded();
    expect(trust.onTrial).toBe(false);
    trust.failed("broken", 100_000);
    expect(trust.paused(104_999)).toBe(true);
    expect(trust.paused(105_000)).toBe(false);
  });

  it("forgives three refusals in a row, which are races, and pauses after more, shortly", () => {
    const trust = new Trust();
    for (let refusals = 0; refusals < 3; refusals += 1) trust.failed("full", 0);
    expect(trust.paused(0)).toBe(false);
    trust.failed("full", 0);
    expect([trust.paused(499), trust.paused(500), trust.onTrial]).toEqual([true, false, false]);
  });
});
