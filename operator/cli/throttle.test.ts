import { expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { Throttle } from "./throttle.ts";

it("runs at once, then once per interval for any number of requests, and not after its end", async () => {
  const clock = new FakeClock();
  let runs = 0;
  const throttle = new Throttle(clock, 250, () => runs++);
  throttle.request();
  expect(runs).toBe(1);
  throttle.request();
  throttle.request();
  await clock.advance(249);
  expect(runs).toBe(1);
  await clock.advance(1);
  expect(runs).toBe(2);
  throttle.request();
  throttle[Symbol.dispose]();
  await clock.advance(1_000);
  expect(runs).toBe(2);
});
