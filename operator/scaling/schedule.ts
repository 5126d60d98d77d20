import { Cron } from "croner";
import type { WarmWindow } from "../api/pool-config.ts";
import { expandCron } from "./cron.ts";

export interface ScheduledFloor {
  /** Minimum number of warm slots: the largest of the windows that are active now, or 0. */
  readonly slots: number;
  /** When a window next becomes active or inactive; undefined if this never happens. */
  readonly nextEdgeMs: number | undefined;
  /** Windows that cannot be parsed, each with the reason. They have no effect. */
  readonly unreadable: readonly string[];
}

interface Answer {
  readonly floor: ScheduledFloor;
  readonly askedMs: number;
  readonly leadMs: number;
}

/** The last answer for each pool's windows. It holds until its next edge, and the search costs more than the rest of a plan. */
const answers = new WeakMap<readonly WarmWindow[], Answer>();

/**
 * The number of warm slots that the windows require at a time. A window that begins at `s` is active within
 * [s - lead, s + duration): workers that start with the lead time are warm when it begins.
 * @param leadMs from a worker's creation until it is warm.
 */
export function scheduledFloor(windows: readonly WarmWindow[], nowMs: number, leadMs: number): ScheduledFloor {
  const known = answers.get(windows);
  if (known !== undefined && holds(known, nowMs, leadMs)) return known.floor;
  const floor = search(windows, nowMs, leadMs);
  answers.set(windows, { floor, askedMs: nowMs, leadMs });
  return floor;
}

function holds({ floor, askedMs, leadMs }: Answer, nowMs: number, newLeadMs: number): boolean {
  return leadMs === newLeadMs && askedMs <= nowMs && nowMs < (floor.nextEdgeMs ?? Number.POSITIVE_INFINITY);
}

function search(windows: readonly WarmWindow[], nowMs: number, leadMs: number): ScheduledFloor {
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
