import { expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { Rest } from "./rest.ts";

it("rests twice as long after every further error, five minutes at most, and tries one launch at a time in between", async () => {
  const clock = new FakeClock();
  const rest = new Rest(clock);
  for (const restMs of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
    expect(rest.rests).toBe(false);
    rest.begins();
    rest.failed("unauthorized");
    await clock.advance(restMs - 1);
    expect(rest.rests).toBe(true);
    await clock.advance(1);
  }
  rest.begins();
  expect(rest.rests).toBe(true);
  rest.succeeded();
  expect([rest.rests, rest.error]).toEqual([false, undefined]);
});

it("takes launches that fail together for one error", async () => {
  const clock = new FakeClock();
  const rest = new Rest(clock);
  for (let times = 0; times < 5; times += 1) rest.failed("unavailable");
  await clock.advance(5_000);
  expect(rest.rests).toBe(false);
});

it("waits as long as the cloud asks for, within five minutes", async () => {
  const clock = new FakeClock();
  const rest = new Rest(clock);
  rest.failed("rate_limited", 60_000);
  await clock.advance(59_999);
  expect(rest.rests).toBe(true);
  await clock.advance(1);
  rest.failed("rate_limited", 999_999_000);
  await clock.advance(300_000);
  expect(rest.rests).toBe(false);
});
