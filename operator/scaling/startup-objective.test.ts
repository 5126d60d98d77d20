import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chanceOfAtLeast, missedBy } from "./startup-objective.ts";

const objective = { targetMs: 6_000, percentile: 95 };
const times = (count: number, startupMs: number) => Array.from({ length: count }, () => startupMs);
const missed = (fresh: readonly number[], former: readonly number[] = [], before?: number) =>
  missedBy(fresh, former, objective, before);

describe("missedBy", () => {
  it("stops a revision on early evidence, and not on one slow start among many", () => {
    expect(missed(times(1, 9_000))).toBeUndefined();
    expect(missed(times(2, 9_000))).toBe(9_000);
    expect(missed([...times(19, 4_000), 9_000])).toBeUndefined();
    expect(missed([...times(15, 4_000), ...times(5, 9_000)])).toBe(9_000);
  });

  it("continues with a revision that is no worse than the previous one, because it may be the fix", () => {
    expect(missed(times(20, 7_000), times(20, 8_000))).toBeUndefined();
    expect(missed(times(20, 7_000), times(20, 4_000))).toBe(7_000);
  });

  it("continues if few start-ups are slow or the objective allows them, and not for lack of launches", () => {
    expect(missed([], [], 9_000)).toBe(9_000);
    expect(missed([...times(2, 9_000), ...times(10, 4_000)], [], 9_000)).toBeUndefined();
    expect(missedBy([], [], { ...objective, targetMs: 10_000 }, 9_000)).toBeUndefined();
  });

  it("keeps the start-up time that stopped it, so that a stop is written once", () => {
    expect(missed([...times(3, 9_000), 12_000], [], 8_000)).toBe(8_000);
  });
});

describe("chanceOfAtLeast", () => {
  it("is the tail of the binomial distribution", () => {
    expect(chanceOfAtLeast(2, 2, 0.05)).toBeCloseTo(0.0025);
    expect(chanceOfAtLeast(3, 10, 0.05)).toBeCloseTo(0.0115, 4);
    const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(300), share, (trials, successes, probability) => {
        const chance = chanceOfAtLeast(Math.min(successes, trials), trials, probability);
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1 + 1e-9);
        expect(chanceOfAtLeast(0, trials, probability)).toBe(1);
      }),
    );
  });
});
