import { describe, expect, it } from "vitest";
import { parsePool } from "../api/pool-file.ts";
import { COUNT_FROM_S, outcomeOf } from "./comparison.ts";
import { poolPolicy } from "./pool-policy.ts";
import type { Trace } from "./trace.ts";

/** A Monday. */
const START_MS = Date.parse("2026-01-05T00:00:00Z");
const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** Two sessions of the whole day. */
const twoAllDay: Trace = {
  name: "two all day",
  arrivalS: Float64Array.of(0, 0),
  durationS: Float64Array.of(2 * DAY_S, 2 * DAY_S),
};

/** Workers of the group at some hours of the day. */
function workersAt(hours: readonly number[], spec: object, trace = twoAllDay): readonly (number | undefined)[] {
  const pool = parsePool(
    "pool.yaml",
    JSON.stringify({
      apiVersion: "avatarpool.dev/v1alpha1",
      kind: "AvatarPool",
      metadata: { name: "support" },
      spec: {
        apiSecretRef: { name: "bithuman" },
        presets: [{ name: "maya", avatarId: "A1" }],
        workers: [{ name: "gpu", engine: "expression", max: 50, sessionsPerWorker: 2 }],
        ...spec,
      },
    }),
  );
  const [group] = pool.groups;
  const options = { timeToWarmS: 45, deadlineS: 60, untilS: DAY_S, timelineS: HOUR_S / 4 };
  const { timeline } = outcomeOf(poolPolicy(pool, START_MS), [{ group: group!, trace }], options);
  return hours.map((hour) => timeline.find(({ atS }) => atS >= hour * HOUR_S)?.workers);
}

describe("the simulated pool keeps the settings of its file", { timeout: 60_000 }, () => {
  it("a number of slots", () => {
    expect(workersAt([6], { warm: { slots: 5 } })).toEqual([4]);
  });

  it("a share of all slots", () => {
    expect(workersAt([6], { warm: { slots: "50%" } })).toEqual([2]);
    expect(workersAt([6], { warm: { slots: "90%" } })).toEqual([10]);
  });

  it("the warm slots of a preset", () => {
    const presets = [{ name: "maya", avatarId: "A1", warmSlots: 7 }];
    expect(workersAt([6], { presets, warm: { slots: 1 } })).toEqual([5]);
    expect(workersAt([6], { presets, warm: { slots: "auto" } })).toEqual([5]);
  });

  it("the slots of the schedule, in its time zone, and from a time to warm before", () => {
    const schedule = [{ cron: "0 8 * * 1-5", timeZone: "Europe/Berlin", duration: "2h", slots: 20 }];
    const warm = { slots: 0, schedule };
    expect(workersAt([6.75, 7, 8.75, 9.25], { warm })).toEqual([1, 11, 11, 1]);
  });

  it("workers for scaling.scaleDownAfter", () => {
    const brief: Trace = { name: "brief", arrivalS: Float64Array.of(HOUR_S), durationS: Float64Array.of(60) };
    const kept = (scaleDownAfter: string) => workersAt([1.25, 2.25, 4], { warm: { slots: 0 }, scaling: { scaleDownAfter } }, brief);
    expect(COUNT_FROM_S).toBeLessThan(HOUR_S);
    expect(kept("5m")).toEqual([0, 0, 0]);
    expect(kept("2h")).toEqual([1, 1, 0]);
  });
});
