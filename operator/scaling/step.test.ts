import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { growthLimit } from "./step.ts";

describe("growthLimit", () => {
  it.each([
    ["ten for a small group", undefined, 0, 0, 10],
    ["half of a large one", undefined, 100, 100, 150],
    ["the user's limit", 3, 100, 100, 103],
    ["no further step until the pods of the last step exist", undefined, 20, 10, 20],
    ["pods beyond the replicas do not count", 3, 5, 50, 8],
  ])("%s", (_what, maxStep, replicas, seen, most) => {
    expect(growthLimit(maxStep, replicas, seen)).toBe(most);
  });

  it("allows at most one step in progress, and never shrinks", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.nat(500), fc.nat(600), (maxStep, replicas, seen) => {
        const most = growthLimit(maxStep, replicas, seen);
        expect(most).toBeGreaterThanOrEqual(replicas);
        expect(most - replicas).toBeLessThanOrEqual(maxStep);
        if (most > replicas) expect(most - seen).toBeLessThanOrEqual(maxStep);
      }),
    );
  });
});
