import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concurrencyAhead } from "./concurrency.ts";
import { type Worth, worth } from "./price.ts";
import { Trials, weightOf } from "./trials.ts";

describe("the number of workers that are worth their cost", () => {
  const situation = fc.record({
    sessions: fc.integer({ min: 0, max: 60 }),
    arrivals: fc.double({ min: 0.01, max: 30, noNaN: true }),
    dispersion: fc.double({ min: 1, max: 8, noNaN: true }),
    slotsPerWorker: fc.integer({ min: 1, max: 8 }),
    price: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
  });

  it("equals the result of adding workers one by one", () => {
    fc.assert(
      fc.property(situation, ({ sessions, arrivals, dispersion, slotsPerWorker, price }) => {
        const takenAtLeast = concurrencyAhead({ sessions, arrivals, dispersion, ends: 0.1 });
        const expectedTaken = sessions * 0.9 + arrivals;
        const value = worth({ slotsPerWorker, relativeRate: 1, expectedTaken, takenAtLeast });
        const needed = Math.ceil(Math.max(sessions, expectedTaken) / slotsPerWorker);
        let one = needed;
        while (price * (takenAtLeast(one * slotsPerWorker) - takenAtLeast((one + 1) * slotsPerWorker)) >= 1) one++;
        expect(value.workers(price, needed)).toBe(one);
      }),
    );
  });

  it("grows with the price and with the rate of the hour, and is zero if launches are too rare", () => {
    const takenAtLeast = concurrencyAhead({ sessions: 0, arrivals: 0.05, dispersion: 1, ends: 0 });
    const at = (relativeRate: number) => worth({ slotsPerWorker: 2, relativeRate, expectedTaken: 0.05, takenAtLeast });
    expect(at(1).workers(100, 0)).toBe(1);
    expect(at(0.005).workers(100, 0)).toBe(0);
    expect(at(1).workers(1e5, 0)).toBeGreaterThan(1);
  });
});

describe("the price that keeps the objective", () => {
  /** The worth with this number of workers at each price; by default no miss is expected. */
  const worthOf = (workers: Worth["workers"], missShare = 0): Worth => ({ workers, missShare: () => missShare });

  /** The same number of workers at every price, warm from the start. */
  function keeping(workers: number, trials: Trials): Trials {
    const always = worthOf(() => workers);
    trials.resize(always, 0, 0, 45);
    trials.warmUntil(45);
    return trials;
  }

  it("rises with a miss that no trial had, and falls slowly without misses", () => {
    const trials = keeping(3, new Trials(0.99));
    const start = trials.price;
    trials.met(1, 1, 0, 1, 1);
    const raised = trials.price;
    expect(raised).toBeGreaterThan(start);
    trials.met(20, 0, 0, 1, 1);
    expect(trials.price).toBeLessThan(raised);
    trials.met(1_000, 0, 0, 1, 1);
    expect(trials.price).toBe(start);
  });

  it("does not rise further for misses that the trials had too", () => {
    const trials = keeping(3, new Trials(0.99));
    const start = trials.price;
    trials.met(5, 2, 0, 1, 1);
    expect(trials.price).toBe(start);
  });

  it("stays bounded for any launches", () => {
    const trials = keeping(3, new Trials(0.99));
    const start = trials.price;
    for (let times = 0; times < 1_000; times++) trials.met(3, 3, 0, 1, 1);
    expect(trials.price / start).toBeLessThan(3);
  });

  /** Launches that find three workers of one slot free at low prices and `most` at high ones. */
  function burstAfter(calmLaunches: number, burst: number, most: number): Trials {
    const trials = new Trials(0.99);
    const stepwise = worthOf((price) => (price >= 1_000 ? most : 3));
    trials.resize(stepwise, 0, 0, 45);
    trials.warmUntil(45);
    trials.tried(2, 0, 1, calmLaunches / 2);
    trials.tried(burst, 0, 1, 1);
    return trials;
  }

  it("does not follow one large burst after weeks of calm", () => {
    const calm = burstAfter(20_000, 2, 60).price;
    expect(burstAfter(20_000, 80, 60).price).toBeLessThan(10 * calm);
  });

  it("is not the highest because of a burst that no price would have served", () => {
    expect(burstAfter(200, 2_000, 10).price).toBeLessThan(2_000);
  });

  it("is the lowest one with few enough missed launches", () => {
    const trials = new Trials(0.9);
    // A price of 10 or more keeps three slots, a lower price keeps one. Four launches arrive at a time, and then all slots are free again.
    const stepwise = worthOf((price, atLeast) => Math.max(atLeast, price >= 10 ? 4 : 1));
    for (let atS = 0; atS < 20_000; atS += 10) {
      trials.warmUntil(atS);
      trials.resize(stepwise, 0, atS, 5);
      if (atS > 100) trials.tried(4, 0, 1, 1);
    }
    expect(trials.price).toBeGreaterThan(3);
    expect(trials.price).toBeLessThan(30);
  });

  it("is higher while few launches were seen and the forecast expects more misses than the price suggests", () => {
    const trials = new Trials(0.99);
    const start = trials.price;
    const pessimistic = worthOf(() => 3, 0.05);
    for (let nowS = 0; nowS <= 3_600; nowS += 5) trials.resize(pessimistic, 0, nowS, 45);
    // The forecast expects the same misses at every price, so no price is high enough.
    expect(trials.price).toBeGreaterThan(10 * start);
    trials.warmUntil(3_600);
    trials.tried(2, 0, 1, 5_000);
    expect(trials.price).toBeLessThan(start);
  });

  it("continues from the saved state", () => {
    const trials = new Trials(0.99);
    trials.tried(500, 0, 8, 1);
    keeping(3, trials).met(3, 3, 0, 1, 1);
    expect(new Trials(0.99, JSON.parse(JSON.stringify(trials.save()))).price).toBeCloseTo(trials.price, 1);
  });

  it("weighs launches that arrive together as few", () => {
    expect(weightOf(0.1)).toBe(1);
    expect(weightOf(400)).toBe(0.01);
  });
});
