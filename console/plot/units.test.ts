import { expect, it } from "vitest";
import { hoursText, momentText, stepsOf, textOf } from "./units.ts";

it("shows counts without a fraction, times in seconds and probabilities in percent", () => {
  expect([
    textOf("count", 1_234.4),
    textOf("milliseconds", 4_120),
    textOf("probability", 0.5),
    textOf("probability", 0.9987),
  ]).toEqual(["1,234", "4.1s", "50%", "99.87%"]);
});

it("labels the axis of a count at whole numbers only", () => {
  expect(stepsOf("count").slice(0, 4)).toEqual([1, 2, 5, 10]);
  expect(stepsOf("count").every(Number.isInteger)).toBe(true);
});

it("shows hours with their minutes", () => {
  expect([2, 0.25, 1.5].map(hoursText)).toEqual(["2 h", "15 min", "1 h 30 min"]);
});

it("shows the day of a time unless it is today", () => {
  const nowMs = new Date(2026, 10, 27, 15, 0, 0).getTime();
  expect(momentText(nowMs - 3_600_000, nowMs)).toBe("14:00:00");
  expect(momentText(nowMs - 86_400_000, nowMs)).toBe("26 Nov 15:00:00");
});
