import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { RateLimit } from "./rate-limit.ts";

const takes = (limit: RateLimit, key: string, times: number) =>
  Array.from({ length: times }, () => limit.take(key, 5) === 0).filter((taken) => taken).length;

it("allows a burst at once, then the rate per second, for each key separately", async () => {
  const clock = new FakeClock();
  const limit = new RateLimit({ clock, windowMs: 2_500, maxKeys: 10 });
  expect([takes(limit, "a", 100), takes(limit, "b", 100)]).toEqual([5, 5]);
  await clock.advance(1_000);
  expect(takes(limit, "a", 100)).toBe(2);
  await clock.advance(60_000);
  expect(takes(limit, "a", 100)).toBe(5);
});

it("removes the least recently used keys", () => {
  const limit = new RateLimit({ clock: new FakeClock(), windowMs: 1_000, maxKeys: 2 });
  for (const key of ["a", "b", "c"]) expect(limit.take(key, 1)).toBe(0);
  expect([limit.take("c", 1), limit.take("a", 1)]).toEqual([1_000, 0]);
});
