import { Cron } from "croner";
import type { WarmWindow } from "../api/pool-config.ts";
import { expandCron } from "./cron.ts";

export interface ScheduledFloor {
  /** Slots that are kept warm at least, by the largest of the windows that count now; 0 without one. */
  readonly slots: number;
  /** When a window begins or ends to count; undefined when none ever does. */
  readonly nextEdgeMs: number | undefined;
  /** Windows that cannot be read, each with the reason. They count for nothing. */
  readonly unreadable: readonly string[];
}

/**
 * What the windows ask for at a time. A window that begins at `s` counts within [s - lead, s + duration): workers that are
 * started at its first moment are warm when it begins.
 * @param leadMs from a worker's creation until it is warm.
 */
export function scheduledFloor(windows: readonly WarmWindow[], nowMs: number, leadMs: number): ScheduledFloor {
  let slots = 0;
  const edges: number[] = [];
  const unreadable: string[] = [];
  for (const window of windows) {
    try {
      const { cron, timeZone, durationMs } = window;
      const times = new Cron(expandCron(cron), { timezone: timeZone, mode: "5-part", paused: true });
      const startMs = firstAfter(times, nowMs - durationMs);
      if (startMs === undefined) continue;
      const counts = startMs <= nowMs + leadMs;
      // Searching costs more than all the rest of a plan.
      const nextMs = counts ? firstAfter(times, nowMs + leadMs) : startMs;
      if (nextMs !== undefined) edges.push(nextMs - leadMs);
      if (!counts) continue;
      slots = Math.max(slots, window.slots);
      edges.push(startMs + durationMs);
    } catch (error) {
      unreadable.push(`"${window.cron}" in ${window.timeZone}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { slots, nextEdgeMs: edges.length === 0 ? undefined : Math.min(...edges), unreadable };
}

function firstAfter(times: Cron, atMs: number): number | undefined {
  return times.nextRun(new Date(atMs))?.getTime();
}
