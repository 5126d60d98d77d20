import { expect, it } from "vitest";
import { seededRandom } from "../../../operator/runtime/random.ts";
import { arrivalsOfRates, parseRates } from "./rates.ts";

it("reads one workload's rates relative to their mean, fills windows without data, and limits the variation", () => {
  const table = "workload,t_s,rate_per_s,rate_weighted_cv,active_clients\na,0,30,2,9\na,600,0,0,0\nb,0,1,1,1\na,1200,60,300,9\n";
  expect(parseRates(table, "a")).toEqual([
    { lengthS: 600, rate: 1, variation: 2 },
    { lengthS: 600, rate: 1, variation: 2 },
    { lengthS: 600, rate: 2, variation: 10 },
  ]);
});

it("generates arrivals with the mean rate and the variation of the windows", () => {
  const windows = Array.from({ length: 2_000 }, (_, index) => ({ lengthS: 600, rate: index % 2 === 0 ? 0.5 : 1.5, variation: 2 }));
  const arrivals = [...arrivalsOfRates(windows, 0.1, seededRandom(1, "rates"))];
  expect(arrivals.length / (2_000 * 600)).toBeCloseTo(0.1, 2);
  const fast = arrivals.filter((atS) => Math.floor(atS / 600) % 2 === 1).length;
  expect(fast / arrivals.length).toBeCloseTo(0.75, 1);
  const even = [...arrivalsOfRates([{ lengthS: 1e6, rate: 1, variation: 2 }], 0.1, seededRandom(1, "even"))];
  const gaps = even.slice(1).map((atS, index) => atS - (even[index] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.sqrt(variance) / mean).toBeCloseTo(2, 0);
});
