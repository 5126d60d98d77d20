import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { OutlierEjection } from "./outlier-ejection.ts";

let clock: FakeClock;
let ejection: OutlierEjection;
beforeEach(() => {
  clock = new FakeClock();
  ejection = new OutlierEjection(clock);
});

describe("OutlierEjection", () => {
  it("ejects a worker that failed a launch, twice as long each time, up to five minutes", async () => {
    const ejectedS: number[] = [];
    for (let faults = 0; faults < 9; faults += 1) {
      ejection.failed("broken");
      const sinceMs = clock.now();
      while (ejection.ejected) await clock.advance(1_000);
      ejectedS.push((clock.now() - sinceMs) / 1_000);
    }
    expect(ejectedS).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it("then permits one launch at a time until one succeeds", async () => {
    ejection.failed("timed-out");
    await clock.advance(5_000);
    expect(ejection).toMatchObject({ ejected: false, onTrial: true });
    ejection.succeeded();
    expect(ejection.onTrial).toBe(false);
    ejection.failed("broken");
    await clock.advance(4_999);
    expect(ejection.ejected).toBe(true);
    await clock.advance(1);
    expect(ejection.ejected).toBe(false);
  });

  it("does not end early if a launch from before the fault succeeds", async () => {
    ejection.failed("broken");
    ejection.succeeded();
    await clock.advance(4_999);
    expect(ejection.ejected).toBe(true);
    await clock.advance(1);
    expect(ejection).toMatchObject({ ejected: false, onTrial: false });
  });

  it("tolerates three 503s in a row, which are races, and ejects briefly after more", async () => {
    for (let refusals = 0; refusals < 3; refusals += 1) ejection.failed("full");
    expect(ejection.ejected).toBe(false);
    ejection.failed("full");
    await clock.advance(499);
    expect(ejection.ejected).toBe(true);
    await clock.advance(1);
    expect(ejection).toMatchObject({ ejected: false, onTrial: false });
  });
});
