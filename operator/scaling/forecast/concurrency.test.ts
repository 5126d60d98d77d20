import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concurrencyAhead } from "./concurrency.ts";
import { logGamma, upperGamma } from "./gamma.ts";

describe("the incomplete gamma function", () => {
  it("has the values of the tables", () => {
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 8);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 8);
    expect(upperGamma(1, 2)).toBeCloseTo(Math.exp(-2), 8);
    // Q(1/2, x) = erfc(sqrt(x)).
    expect(upperGamma(0.5, 0.5)).toBeCloseTo(0.317310508, 7);
    expect(upperGamma(10, 10)).toBeCloseTo(0.457929714, 7);
    expect(upperGamma(10, 25)).toBeCloseTo(0.000221477, 7);
    expect(upperGamma(3, 0)).toBe(1);
  });
});

describe("slots taken a time-to-warm ahead", () => {
  const outlook = fc.record({
    sessions: fc.integer({ min: 0, max: 400 }),
    arrivals: fc.double({ min: 0, max: 200, noNaN: true }),
    dispersion: fc.double({ min: 1, max: 50, noNaN: true }),
    ends: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it("is a distribution: it starts at 1 and never rises", () => {
    fc.assert(
      fc.property(outlook, (given) => {
        const atLeast = concurrencyAhead(given);
        expect(atLeast(0)).toBe(1);
        const shares = Array.from({ length: 200 }, (_, index) => atLeast(3 * index));
        expect(shares.every((share) => share >= 0)).toBe(true);
        expect(shares.every((share, index) => index === 0 || share <= (shares[index - 1] ?? 0) + 1e-9)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("has the mean of sessions, arrivals and departures", () => {
    const mean = (given: Parameters<typeof concurrencyAhead>[0]) => {
      const atLeast = concurrencyAhead(given);
      return Array.from({ length: 600 }, (_, index) => atLeast(index + 1)).reduce((sum, share) => sum + share, 0);
    };
    expect(mean({ sessions: 0, arrivals: 3, dispersion: 1, ends: 0.2 })).toBeCloseTo(3, 4);
    expect(mean({ sessions: 20, arrivals: 4, dispersion: 3, ends: 0.25 })).toBeCloseTo(19, 3);
    expect(mean({ sessions: 7, arrivals: 0, dispersion: 1, ends: 1 })).toBeCloseTo(0, 6);
    expect(mean({ sessions: 150, arrivals: 2, dispersion: 1, ends: 0.9999 })).toBeCloseTo(2.015, 3);
    // The exact sum, and the approximation.
    expect(mean({ sessions: 300, arrivals: 100, dispersion: 4, ends: 0.25 })).toBeCloseTo(325, 0);
  });

  it("is Poisson if launches are, and has a longer tail if they arrive in bursts", () => {
    const poisson = concurrencyAhead({ sessions: 0, arrivals: 2, dispersion: 1, ends: 0 });
    expect(poisson(1)).toBeCloseTo(1 - Math.exp(-2), 6);
    expect(poisson(3)).toBeCloseTo(1 - 5 * Math.exp(-2), 6);
    const bursts = concurrencyAhead({ sessions: 0, arrivals: 2, dispersion: 6, ends: 0 });
    expect(bursts(12)).toBeGreaterThan(100 * poisson(12));
  });

  it("hardly changes at the start of the approximation", () => {
    const given = { sessions: 150, arrivals: 30, dispersion: 4, ends: 0.2 };
    const exact = concurrencyAhead(given);
    const approximate = concurrencyAhead({ ...given, sessions: 151 });
    for (const slots of [150, 160, 170, 180]) expect(Math.abs(approximate(slots + 1) - exact(slots))).toBeLessThan(0.06);
  });
});
