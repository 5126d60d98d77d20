import { describe, expect, it } from "vitest";
import { type GeneratorName, generate, generatorNames } from "./generate.ts";

const week = { hours: 168, ratePerMinute: 2, seed: 7, capS: 1_800 };

describe.each(generatorNames)("%s", (name) => {
  it("generates the requested rate, with ascending calls within the cap, the same for the same seed", () => {
    const trace = generate(name, week);
    expect(trace.arrivalS.length).toBeGreaterThan(168 * 60 * 2 * 0.9);
    expect(trace.arrivalS.length).toBeLessThan(168 * 60 * 2 * 1.1);
    expect(trace.arrivalS).toEqual(trace.arrivalS.slice().sort());
    expect(Math.max(...trace.durationS)).toBeLessThanOrEqual(1_800);
    // The cut at 30 minutes reduces the mean of 188 s by a few seconds.
    const mean = trace.durationS.reduce((sum, lengthS) => sum + lengthS, 0) / trace.durationS.length;
    expect(mean).toBeGreaterThan(175);
    expect(mean).toBeLessThan(195);
    expect(generate(name, week)).toEqual(trace);
    expect(generate(name, { ...week, seed: 8 }).arrivalS).not.toEqual(trace.arrivalS);
  });
});

/** Launches of the week by a part of the time. */
function counts(name: GeneratorName, partOf: (atS: number) => number): ReadonlyMap<number, number> {
  const byPart = new Map<number, number>();
  for (const atS of generate(name, week).arrivalS) byPart.set(partOf(atS), (byPart.get(partOf(atS)) ?? 0) + 1);
  return byPart;
}

it("a call centre is busy at ten in the morning and all but silent at four", () => {
  const byHour = counts("call-centre", (atS) => Math.floor(atS / 3_600) % 24);
  expect(byHour.get(10)).toBeGreaterThan(20 * (byHour.get(3) ?? 0));
});

it("bursts arrive once an hour", () => {
  const byFiveMinutes = counts("burst", (atS) => Math.floor((atS % 3_600) / 300));
  expect(byFiveMinutes.get(6)).toBeGreaterThan(4 * (byFiveMinutes.get(2) ?? 0));
});

it("batches arrive at once", () => {
  const { arrivalS } = generate("batch", week);
  const batches = new Set(arrivalS).size;
  expect(arrivalS.length / batches).toBeGreaterThan(7);
  expect(arrivalS.length / batches).toBeLessThan(9);
});

it("a sparse pool sleeps at night", () => {
  expect([...counts("sparse", (atS) => Math.floor(atS / 3_600) % 24).keys()].sort((a, b) => a - b)).toEqual([
    8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,
  ]);
});
