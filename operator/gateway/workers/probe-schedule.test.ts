import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cadence, cadenceOf, firstDelayMs, probeDelayMs } from "./probe-schedule.ts";

const worker = { usable: true, own: true, busy: false, dispatched: false, refused: false };
const kinds: readonly Cadence[] = ["starting", "awaited", "busy", "idle", "foreign"];

describe("the probe interval", () => {
  it.each<[Cadence, Partial<typeof worker>, boolean]>([
    ["starting", { usable: false, busy: true }, false],
    ["starting", { refused: true, busy: true }, false],
    ["awaited", { busy: true, own: false }, true],
    ["busy", { busy: true, own: false }, false],
    ["idle", {}, true],
    ["busy", { dispatched: true }, false],
    ["foreign", { dispatched: true, own: false }, false],
    ["foreign", { own: false }, false],
  ])("%s: %j, launches wait: %j", (cadence, changes, awaited) => {
    expect(cadenceOf({ ...worker, ...changes }, awaited)).toBe(cadence);
  });

  it("is one second with sessions, and 250 ms while launches wait", () => {
    expect(probeDelayMs("busy", 400, 0.5)).toBe(1_000);
    expect(probeDelayMs("awaited", 90, 0.5)).toBe(250);
  });

  it("probes a few new workers at once, and many in turn", () => {
    expect([1, 50, 450, 10_050].map(firstDelayMs)).toEqual([0, 0, 1_000, 25_000]);
  });

  it("stays within the probe budget, for any number of workers", () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 100_000 }), (cadence, count) => {
        expect((count / probeDelayMs(cadence, count, 0.5)) * 1_000).toBeLessThanOrEqual(400.001);
      }),
    );
  });
});
