import { expect, it } from "vitest";
import { cheapestAt, hullHoursAt, type Point, paretoFrontier } from "./frontier.ts";

const point = (warmShare: number, workerHours: number): Point => ({
  policy: `${workerHours} h`,
  family: "any",
  warmShare,
  workerHours,
  wouldHaveEnded: 0,
  directionChanges: 0,
});

const frontier = paretoFrontier([
  point(0.99, 40),
  point(0.5, 10),
  point(0.9, 50),
  point(0.95, 30),
  point(0.99, 60),
  point(0.4, 10),
]);

it("keeps the settings that no other setting beats in both figures", () => {
  expect(frontier.map(({ warmShare, workerHours }) => [warmShare, workerHours])).toEqual([
    [0.5, 10],
    [0.95, 30],
    [0.99, 40],
  ]);
});

it("finds the cheapest setting with enough warm launches, without interpolation", () => {
  expect(cheapestAt(frontier, 0.9)?.workerHours).toBe(30);
  expect(cheapestAt(frontier, 0.95)?.workerHours).toBe(30);
  expect(cheapestAt(frontier, 0.999)).toBeUndefined();
});

it("interpolates on the lower hull", () => {
  expect(hullHoursAt(frontier, 0.725)).toBeCloseTo(20, 9);
  expect(hullHoursAt(frontier, 0.97)).toBeCloseTo(35, 9);
  expect(hullHoursAt(frontier, 0.1)).toBe(10);
  expect(hullHoursAt(frontier, 0.999)).toBeUndefined();
  // A setting above the line between its neighbours is not a corner.
  const bent = paretoFrontier([point(0.5, 10), point(0.6, 29), point(0.9, 30)]);
  expect(hullHoursAt(bent, 0.6)).toBeCloseTo(15, 9);
});
