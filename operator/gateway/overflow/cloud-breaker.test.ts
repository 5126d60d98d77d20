import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { cloudBreaker } from "./cloud-breaker.ts";

it("doubles its open time after each error, up to five minutes, and then permits one launch at a time", async () => {
  const clock = new FakeClock();
  const breaker = cloudBreaker(clock);
  for (const openMs of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
    expect(breaker.allows).toBe(true);
    breaker.begins();
    breaker.failed("unauthorized");
    await clock.advance(openMs - 1);
    expect(breaker.allows).toBe(false);
    await clock.advance(1);
  }
  breaker.begins();
  expect(breaker.allows).toBe(false);
  breaker.close();
  expect([breaker.allows, breaker.fault]).toEqual([true, undefined]);
});

it("counts launches that fail together as one error", async () => {
  const clock = new FakeClock();
  const breaker = cloudBreaker(clock);
  for (let times = 0; times < 5; times += 1) breaker.failed("unavailable");
  await clock.advance(5_000);
  expect(breaker.allows).toBe(true);
});

it("stays open as long as the provider's Retry-After, within five minutes", async () => {
  const clock = new FakeClock();
  const breaker = cloudBreaker(clock);
  breaker.failed("rate_limited", 60_000);
  await clock.advance(59_999);
  expect(breaker.allows).toBe(false);
  await clock.advance(1);
  breaker.failed("rate_limited", 999_999_000);
  await clock.advance(300_000);
  expect(breaker.allows).toBe(true);
});
