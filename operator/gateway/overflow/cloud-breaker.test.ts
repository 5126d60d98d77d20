import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { CloudBreaker } from "./cloud-breaker.ts";

it("rests twice as long after every further error, five minutes at most, and tries one launch at a time in between", async () => {
  const clock = new FakeClock();
  const breaker = new CloudBreaker(clock);
  for (const restMs of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
    expect(breaker.open).toBe(false);
    breaker.begins();
    breaker.failed("unauthorized");
    await clock.advance(restMs - 1);
    expect(breaker.open).toBe(true);
    await clock.advance(1);
  }
  breaker.begins();
  expect(breaker.open).toBe(true);
  breaker.succeeded();
  expect([breaker.open, breaker.error]).toEqual([false, undefined]);
});

it("takes launches that fail together for one error", async () => {
  const clock = new FakeClock();
  const breaker = new CloudBreaker(clock);
  for (let times = 0; times < 5; times += 1) breaker.failed("unavailable");
  await clock.advance(5_000);
  expect(breaker.open).toBe(false);
});

it("waits as long as the cloud asks for, within five minutes", async () => {
  const clock = new FakeClock();
  const breaker = new CloudBreaker(clock);
  breaker.failed("rate_limited", 60_000);
  await clock.advance(59_999);
  expect(breaker.open).toBe(true);
  await clock.advance(1);
  breaker.failed("rate_limited", 999_999_000);
  await clock.advance(300_000);
  expect(breaker.open).toBe(false);
});
