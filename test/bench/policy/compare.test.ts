import { expect, it } from "vitest";
import { compare, geometricMean } from "./compare.ts";
import { type Point, paretoFrontier } from "./frontier.ts";

const point = (family: string, warmShare: number, workerHours: number, directionChanges = 0): Point => ({
  policy: `${family} ${workerHours}`,
  family,
  warmShare,
  workerHours,
  wouldHaveEnded: 0,
  directionChanges,
});

const hpa = [point("HPA", 0.98, 90, 40), point("HPA", 0.995, 130, 50)];
const agones = [point("Agones", 0.97, 80), point("Agones", 0.995, 110)];
const baselines = { families: { HPA: hpa, Agones: agones }, points: paretoFrontier([...hpa, ...agones]), replays: 4 };

it("compares with the cheapest baseline that serves at least as many launches warm", () => {
  const result = compare(0.99, point("avatarpool", 0.991, 88, 10), baselines);
  expect(result).toMatchObject({ shortfall: 0, baseline: { policy: "Agones 110" }, ratio: 0.8, turnsRatio: 0.2 });
  // On the line from 98 % at 90 h to 99.5 % at 110 h.
  expect(result.hullRatio).toBeCloseTo(88 / (90 + (20 * 11) / 15), 9);
});

it("reports a shortfall, and no baseline beyond the best warm share", () => {
  expect(compare(0.999, point("avatarpool", 0.998, 100), baselines)).toMatchObject({ baseline: undefined, ratio: undefined });
  expect(compare(0.999, point("avatarpool", 0.998, 100), baselines).shortfall).toBeCloseTo(0.001, 12);
});

it("computes the geometric mean", () => expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12));
