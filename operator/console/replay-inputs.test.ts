import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gpuGroup, gpuOnly, NOW_MS, pool } from "../../test/support/pools.ts";
import type { HistorySample } from "../api/console.ts";
import { parsePool } from "../api/pool-file.ts";
import { poolFile, replayInputs } from "./replay-inputs.ts";

const MINUTE_MS = 60_000;
const sample = (minute: number, launches: number, sessions: number): HistorySample => ({
  atMs: NOW_MS + minute * MINUTE_MS,
  ...{ launches, sessions, slots: 10, warmSlots: 1, warmWanted: 1, replicas: 5, queued: 0, worker503: 0, refused: 0, waited: 0 },
});
const view = pool(gpuOnly);

describe("replayInputs", () => {
  it("spreads the launches of a minute evenly, and estimates durations by Little's law", () => {
    // Two launches per minute and four sessions at any time: each session lasts two minutes.
    const { launches, fromMs, about } = replayInputs(view, [sample(0, 2, 4), sample(1, 2, 4)], MINUTE_MS);
    expect(fromMs).toBe(NOW_MS);
    expect(launches).toEqual([15, 45, 75, 105].map((arrivalS) => ({ arrivalS, durationS: 120 })));
    expect(about).toBe(
      "4 launches, spread evenly over each 1m. Each session lasts 2m: the mean number of sessions divided by the arrival rate.",
    );
  });

  it("says that there are no launches yet", () => {
    expect(replayInputs(view, [], MINUTE_MS)).toMatchObject({ launches: [], about: "The history has no launches yet." });
  });

  it("has ascending arrivals, at most 20,000, with durations up to four hours, for any history", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(9_000), fc.nat(500)), { maxLength: 8 }), (minutes) => {
        const samples = minutes.map(([launches, sessions], minute) => sample(minute, launches, sessions));
        const { launches } = replayInputs(view, samples, MINUTE_MS);
        expect(launches.length).toBeLessThanOrEqual(20_000);
        expect(launches.every(({ arrivalS }, index) => arrivalS >= (launches[index - 1]?.arrivalS ?? 0))).toBe(true);
        expect(launches.every(({ durationS }) => durationS >= 5 && durationS <= 14_400)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

describe("poolFile", () => {
  it("is a pool that the simulator reads: the same groups, presets and objectives", () => {
    const { config } = pool({ warm: { slots: "20%" } });
    const read = parsePool("pool.yaml", poolFile(pool({ warm: { slots: "20%" } })));
    const decided = ({ namespace, name, warm, objective, presets, groups }: typeof config) => ({
      ...{ namespace, name, warm, objective, presets },
      groups: groups.map(({ spec: _spec, ...group }) => group),
    });
    expect(decided(read)).toEqual(decided(config));
  });

  it("has no status and no secret: no value of a variable, no signature of a URL", () => {
    const env = [{ name: "TOKEN", value: "a-secret-value" }];
    const url = "https://user:hunter2222@example.com/maya.jpg?sig=abcdef";
    const presets = [{ name: "maya", image: { url } }];
    const text = poolFile(pool({ presets, workers: [{ ...gpuGroup, env }] }, {}, { sessions: 3 }));
    for (const hidden of ["a-secret-value", "hunter2222", "abcdef", "status", "uid", "resourceVersion"])
      expect(text).not.toContain(hidden);
    expect(text).toContain("name: TOKEN");
    expect(parsePool("pool.yaml", text).groups).toHaveLength(1);
  });
});
