import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moved, rangeOfKey, within, zoomed } from "./range.ts";

const bounds = { min: 100, max: 200 };

describe("the visible range of a plot", () => {
  it("zooms around its middle, but not below the least width", () => {
    expect(zoomed({ min: 120, max: 160 }, 2, bounds, 10)).toEqual({ min: 130, max: 150 });
    expect(zoomed({ min: 120, max: 160 }, 8, bounds, 10)).toEqual({ min: 135, max: 145 });
  });

  it("zooms out to the bounds at most", () => {
    expect(zoomed({ min: 100, max: 160 }, 0.5, bounds, 10)).toEqual(bounds);
  });

  it("stops at the bounds when it moves, and keeps its width", () => {
    expect(moved({ min: 150, max: 190 }, 0.5, bounds)).toEqual({ min: 160, max: 200 });
    expect(moved({ min: 110, max: 130 }, -5, bounds)).toEqual({ min: 100, max: 120 });
  });

  it("stays within the bounds for every key", () => {
    const inside = fc.tuple(fc.integer({ min: 100, max: 199 }), fc.integer({ min: 1, max: 100 }));
    const keys = fc.array(fc.constantFrom("+", "-", "ArrowLeft", "ArrowRight"), { maxLength: 20 });
    fc.assert(
      fc.property(inside, keys, ([min, width], pressed) => {
        const end = pressed.reduce(
          (range, key) => {
            const next = rangeOfKey(key, range, bounds, 5);
            return typeof next === "object" ? next : range;
          },
          within({ min, max: min + width }, bounds),
        );
        return end.min >= 100 && end.max <= 200 + 1e-9 && end.max > end.min;
      }),
    );
  });

  it("leaves other keys to the page", () => {
    expect(rangeOfKey("Tab", bounds, bounds, 5)).toBeUndefined();
    expect(rangeOfKey("Escape", bounds, bounds, 5)).toBe("all");
  });
});
