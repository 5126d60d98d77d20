import { describe, expect, it } from "vitest";
import type { WarmWindow } from "../api/pool-config.ts";
import { scheduledFloor } from "./schedule.ts";

const HOUR_MS = 3_600_000;
const LEAD_MS = 60_000;
const at = (text: string) => Date.parse(text);
const weekdays: WarmWindow = { cron: "0 8 * * 1-5", timeZone: "Europe/Berlin", durationMs: 10 * HOUR_MS, slots: 5 };
const floor = (time: string, ...windows: WarmWindow[]) => scheduledFloor(windows, at(time), LEAD_MS);

// Friday, 2 January 2026: 8:00 in Berlin is 7:00 UTC.
describe("scheduledFloor", () => {
  it.each([
    ["before workers must start", "2026-01-02T06:58:59Z", 0, "2026-01-02T06:59:00Z"],
    ["from the start that makes workers warm at the beginning", "2026-01-02T06:59:00Z", 5, "2026-01-02T17:00:00Z"],
    ["at the beginning", "2026-01-02T07:00:00Z", 5, "2026-01-02T17:00:00Z"],
    ["until the last moment", "2026-01-02T16:59:59.999Z", 5, "2026-01-02T17:00:00Z"],
    ["after the end, with the weekend before the next", "2026-01-02T17:00:00Z", 0, "2026-01-05T06:59:00Z"],
  ])("%s", (_when, time, slots, next) => {
    expect(floor(time, weekdays)).toEqual({ slots, nextEdgeMs: at(next), unreadable: [] });
  });

  it("follows summer time", () => {
    expect(floor("2026-07-03T05:59:00Z", weekdays).slots).toBe(5);
    expect(floor("2026-07-03T16:00:00Z", weekdays).slots).toBe(0);
  });

  it("uses the largest of overlapping windows, and returns the nearest edge", () => {
    const noon: WarmWindow = { cron: "0 12 * * *", timeZone: "UTC", durationMs: HOUR_MS, slots: 9 };
    expect(floor("2026-01-02T12:30:00Z", weekdays, noon)).toMatchObject({ slots: 9, nextEdgeMs: at("2026-01-02T13:00:00Z") });
    expect(floor("2026-01-02T13:00:00Z", weekdays, noon).slots).toBe(5);
  });

  it("stays active if a window lasts longer than its period", () => {
    const hourly: WarmWindow = { cron: "0 * * * *", timeZone: "UTC", durationMs: 1.5 * HOUR_MS, slots: 2 };
    for (const time of ["2026-01-02T12:10:00Z", "2026-01-02T12:30:00Z", "2026-01-02T12:50:00Z"])
      expect(floor(time, hourly).slots).toBe(2);
  });

  it("has the same answers for windows that it was asked for before", () => {
    const hourly: WarmWindow = { cron: "0 * * * *", timeZone: "UTC", durationMs: 0.5 * HOUR_MS, slots: 2 };
    const windows = [weekdays, hourly];
    const firstMs = at("2026-01-02T04:45:00Z");
    const times = Array.from({ length: 100 }, (_, step) => firstMs + step * 0.2 * HOUR_MS);
    for (const leadMs of [LEAD_MS, 5 * LEAD_MS])
      for (const timeMs of [...times, firstMs])
        expect(scheduledFloor(windows, timeMs, leadMs)).toEqual(scheduledFloor([...windows], timeMs, leadMs));
  });

  it("accepts windows that never start", () => {
    const never: WarmWindow = { ...weekdays, cron: "0 0 31 2 *" };
    expect(floor("2026-01-02T12:00:00Z", never)).toEqual({ slots: 0, nextEdgeMs: undefined, unreadable: [] });
    expect(floor("2026-01-02T12:00:00Z").slots).toBe(0);
  });

  it("ignores a window that it cannot parse, and reports it", () => {
    const odd: WarmWindow = { ...weekdays, timeZone: "Europe/Atlantis" };
    const told = floor("2026-01-02T12:00:00Z", odd, weekdays);
    expect(told.slots).toBe(5);
    expect(told.unreadable).toEqual([expect.stringContaining("Europe/Atlantis")]);
  });
});
