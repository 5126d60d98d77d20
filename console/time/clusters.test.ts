import { expect, it } from "vitest";
import { clustersOf } from "./clusters.ts";

it("gives every mark a target of its own, or one that it shares with close marks", () => {
  const clusters = clustersOf([0, 10, 23, 24, 30, 60], (left) => left, 24);
  expect(clusters.map(({ left, marks }) => [left, marks])).toEqual([
    [0, [0, 10, 23]],
    [24, [24, 30]],
    [60, [60]],
  ]);
});
