import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDeficit, deficitAt, deficitFallsAtMs, noDeficit } from "./deficit.ts";

const MINUTE_MS = 60_000;
const of = (launches: number) => addDeficit(noDeficit, launches, 0);

describe("deficit", () => {
  it("counts in full at once, and halves every minute", () => {
    const slots = [0, 1, 2, 3, 4, 5].map((minute) => deficitAt(of(16), minute * MINUTE_MS));
    expect(slots).toEqual([16, 8, 4, 2, 1, 0]);
    expect([0, 59_999, 60_000].map((atMs) => deficitAt(of(1), atMs))).toEqual([1, 1, 0]);
  });

  it("adds new launches to the rest", () => {
    expect(deficitAt(addDeficit(of(8), 3, MINUTE_MS), MINUTE_MS)).toBe(7);
  });

  it("returns the time of its next decrease", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(300_000), (launches, nowMs) => {
        const deficit = of(launches);
        const fallsAtMs = deficitFallsAtMs(deficit, nowMs);
        expect(fallsAtMs === undefined).toBe(deficitAt(deficit, nowMs) === 0);
        if (fallsAtMs === undefined) return;
        expect(fallsAtMs).toBeGreaterThan(nowMs);
        expect(deficitAt(deficit, fallsAtMs - 1)).toBe(deficitAt(deficit, nowMs));
        expect(deficitAt(deficit, fallsAtMs)).toBe(deficitAt(deficit, nowMs) - 1);
      }),
    );
  });
});
