import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addForMaximum, addForSum, emptyWindow, maximum, sum, type Window } from "./window.ts";

describe("the maximum of a window", () => {
  it("counts a value until the next one arrives, not only when it was added", () => {
    const window = addForMaximum(addForMaximum(emptyWindow, 0, 5, 100), 1_000, 2, 100);
    expect(maximum(window, 1_050, 100)).toBe(5);
    expect(maximum(window, 1_101, 100)).toBe(2);
  });

  it("equals the maximum of a list of every moment", () => {
    const steps = fc.array(fc.record({ after: fc.integer({ min: 1, max: 40 }), value: fc.nat(9) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (list, span) => {
        let window: Window = emptyWindow;
        const moments: number[] = [];
        let now = 0;
        let value = 0;
        for (const step of list) {
          for (let passed = 0; passed < step.after; passed++) moments[now + passed] = value;
          now += step.after;
          value = step.value;
          window = addForMaximum(window, now, value, span);
        }
        // A value counts for the whole moment in which it ended.
        const seen = [...moments.slice(list[0]!.after), value].slice(-span - 1);
        expect(maximum(window, now, span)).toBe(Math.max(...seen));
      }),
    );
  });

  it("stays short for any number of additions", () => {
    let window: Window = emptyWindow;
    for (let step = 0; step < 10_000; step++) window = addForMaximum(window, step, step % 7, 100_000);
    expect(window.length).toBeLessThanOrEqual(7);
  });
});

describe("the sum of a window", () => {
  it("removes values older than the span", () => {
    const window = addForSum(addForSum(emptyWindow, 0, 3, 60_000), 30_000, 4, 60_000);
    expect(sum(window, 59_000, 60_000)).toBe(7);
    expect(sum(window, 60_000, 60_000)).toBe(4);
    expect(sum(window, 90_000, 60_000)).toBe(0);
  });

  it("keeps one entry a second for any number of additions", () => {
    let window: Window = emptyWindow;
    for (let atMs = 0; atMs < 60_000; atMs += 10) window = addForSum(window, atMs, 1, 60_000);
    expect(window.length).toBeLessThanOrEqual(60);
    expect(sum(window, 59_999, 60_000)).toBe(6_000);
  });
});
