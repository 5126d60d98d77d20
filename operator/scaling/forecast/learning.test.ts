import { describe, expect, it } from "vitest";
import { seededRandom } from "../../runtime/random.ts";
import { ArrivalRate } from "./arrival-rate.ts";
import { Dispersion } from "./dispersion.ts";
import { SessionLength } from "./session-length.ts";
import { TimeToWarm } from "./time-to-warm.ts";

const DAY_S = 86_400;
const SHORT_S = 180;

describe("the rate of launches", () => {
  /** Days with one launch a minute from 9 to 17 o'clock only. */
  function officeDays(days: number): ArrivalRate {
    const rate = new ArrivalRate();
    for (let atS = 0; atS < days * DAY_S; atS += 60) rate.add(isOffice(atS) ? 1 : 0, atS, SHORT_S);
    return rate;
  }
  const isOffice = (atS: number) => atS % DAY_S >= 9 * 3_600 && atS % DAY_S < 17 * 3_600;

  it("is the rate of a steady stream", () => {
    const rate = new ArrivalRate();
    for (let atS = 0; atS <= 7_200; atS += 10) rate.add(1, atS, SHORT_S);
    expect(rate.perS(7_200, SHORT_S, 1)).toBeGreaterThan(0.09);
    expect(rate.perS(7_200, SHORT_S, 1)).toBeLessThan(0.12);
  });

  it("follows the time of day after some days: the rate falls at night before a launch is missing", () => {
    const known = officeDays(5);
    for (let atS = 5 * DAY_S; atS < 5 * DAY_S + 2 * 3_600; atS += 60) known.add(0, atS, SHORT_S);
    const night = known.perS(5 * DAY_S + 2 * 3_600, SHORT_S, 1);
    expect(night).toBeLessThan(known.meanPerS / 5);
    for (let atS = 5 * DAY_S + 2 * 3_600; atS < 5 * DAY_S + 8.8 * 3_600; atS += 60) known.add(0, atS, SHORT_S);
    expect(known.perS(5 * DAY_S + 8.8 * 3_600, SHORT_S, 1)).toBeGreaterThan(3 * night);
  });

  it("rises at once with a burst, and less if launches usually arrive in clumps", () => {
    const rate = officeDays(2);
    const atS = 2 * DAY_S + 3 * 3_600;
    const before = rate.perS(atS, SHORT_S, 1);
    rate.add(20, atS, SHORT_S);
    expect(rate.perS(atS, SHORT_S, 1)).toBeGreaterThan(4 * before);
    expect(rate.perS(atS, SHORT_S, 100)).toBeLessThan(2 * before);
  });

  it("continues from the saved state", () => {
    const before = officeDays(4);
    const after = new ArrivalRate(JSON.parse(JSON.stringify(before.save())));
    expect(after.meanPerS).toBeCloseTo(before.meanPerS, 3);
    const noonS = 4 * DAY_S + 12 * 3_600;
    after.add(0, noonS, SHORT_S);
    expect(after.perS(noonS, SHORT_S, 1)).toBeGreaterThan(1 / 90);
  });
});

describe("how much counts vary", () => {
  /** Batches of a size at random times, 2 launches a time-to-warm on average. */
  function measured(batch: number): number {
    const random = seededRandom(1, "batches");
    const dispersion = new Dispersion();
    let arrived = 0;
    for (let atS = 0; atS < 60_000; atS += 5) {
      if (random() < (2 / batch) * (5 / 45)) arrived += batch;
      dispersion.add(atS, arrived, 2, 45);
    }
    return dispersion.value;
  }

  it("is about 1 for single launches, and the size of the batches for batches", () => {
    expect(measured(1)).toBeLessThan(1.3);
    expect(measured(10)).toBeGreaterThan(7);
    expect(measured(10)).toBeLessThan(13);
  });
});

describe("the length of sessions", () => {
  it("follows from counts alone, by Little's law", () => {
    const length = new SessionLength();
    expect(length.meanS).toBe(300);
    // One begins every 10 s and lasts 200 s: 20 at a time.
    for (let atS = 0; atS < 20_000; atS += 10) length.add(1, Math.min(20, atS / 10 + 1), atS);
    expect(length.meanS).toBeGreaterThan(190);
    expect(length.meanS).toBeLessThan(210);
    expect(new SessionLength(length.save()).meanS).toBeCloseTo(length.meanS, 0);
  });
});

describe("the time until a worker is warm", () => {
  it("is the 95th percentile of the latest workers, each counted once", () => {
    const timeToWarm = new TimeToWarm();
    expect(timeToWarm.p95S).toBeUndefined();
    timeToWarm.see(
      new Map([
        ["a", 40],
        ["b", 50],
      ]),
      45,
    );
    timeToWarm.see(
      new Map([
        ["a", 40],
        ["b", 50],
        ["c", 60],
      ]),
      45,
    );
    expect(timeToWarm.save()).toEqual({ seconds: [40, 50, 60] });
    expect(timeToWarm.p95S).toBe(60);
  });

  it("ignores workers that were warmed again long after their creation", () => {
    const timeToWarm = new TimeToWarm({ seconds: [44] });
    timeToWarm.see(
      new Map([
        ["restarted", 86_400],
        ["ahead", -3],
      ]),
      45,
    );
    expect(timeToWarm.p95S).toBe(44);
  });
});
