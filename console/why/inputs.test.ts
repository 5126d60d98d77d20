import { expect, it } from "vitest";
import { inputRows } from "./inputs.ts";

it("labels the inputs in the order of the calculation, with durations as text", () => {
  const rows = inputRows({ holdMs: 300_000, slotsPerWorker: 4, sessions: 7, deficit: 0 });
  expect(rows.map(({ label, value, isZero }) => [label, value, isZero])).toEqual([
    ["Sessions", "7", false],
    ["Slot deficit", "0", true],
    ["Slots per worker", "4", false],
    ["Hold time", "5m", false],
  ]);
});

it("shows an input of a newer operator under its own name", () => {
  expect(inputRows({ spotMs: 1_500, sessions: 1 }).map(({ label, value }) => [label, value])).toEqual([
    ["Sessions", "1"],
    ["spotMs", "1s500ms"],
  ]);
});
