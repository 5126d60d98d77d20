import fc from "fast-check";
import { expect, it } from "vitest";
import { SHORTEST_LOAD_SECONDS, schedule } from "./schedule.ts";

it("fits the load, the whole burst, a cold start and the scale-down into every length", () => {
  fc.assert(
    fc.property(fc.integer({ min: SHORTEST_LOAD_SECONDS, max: 3_600 }), (seconds) => {
      const { launches, burstAtMs, quietAtMs, endMs } = schedule(seconds, () => 0.5);
      const burst = launches.filter(({ phase }) => phase === "burst");
      expect(endMs).toBe(seconds * 1_000);
      expect(launches.map(({ atMs }) => atMs)).toEqual(launches.map(({ atMs }) => atMs).sort((a, b) => a - b));
      expect(burst.every(({ atMs }) => atMs >= burstAtMs && atMs < quietAtMs)).toBe(true);
      expect(launches.some(({ phase }) => phase === "steady")).toBe(true);
      expect(endMs - quietAtMs).toBeGreaterThan(60_000);
    }),
  );
});

it("stays below the pool's maximum, so that no launch is rejected", () => {
  const { launches } = schedule(SHORTEST_LOAD_SECONDS, () => 1);
  const busy = (avatars: readonly string[]) => launches.filter(({ avatar }) => avatars.includes(avatar)).length;
  // 8 workers of 4 slots and 12 of 2, less the warm slots.
  expect(busy(["maya", "own image"])).toBeLessThan(8 * 4 - 6);
  expect(busy(["leo"])).toBeLessThan(12 * 2 - 6);
});
