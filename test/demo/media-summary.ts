import type { Shown } from "../support/media/callers.ts";
import { percentile } from "./figures.ts";
import { seconds } from "./view.ts";

/** The state of the pool when a launch was sent. */
export const mediaPhases = ["first", "warm", "burst"] as const;
export type MediaPhase = (typeof mediaPhases)[number];

export interface MediaResult {
  readonly calls: Readonly<Record<MediaPhase, readonly Shown[]>>;
  /** Longest pause between two frames of a call, in ms. */
  readonly longestGapMs: number;
}

/** The figures of a run with real media. Times are in ms, from the start of a launch; null if nothing was measured. */
export interface MediaFigures {
  readonly firstFrameFirstMs: number | null;
  readonly firstFrameWarmP50Ms: number | null;
  readonly firstFrameWarmP95Ms: number | null;
  readonly firstFrameBurstP50Ms: number | null;
  readonly firstFrameBurstP95Ms: number | null;
  readonly answeredWarmP50Ms: number | null;
  readonly joinedWarmP50Ms: number | null;
  readonly calls: number;
  /** Failed attempts of the maker's plugin. */
  readonly failedAttempts: number;
  readonly longestGapMs: number;
  readonly wallMs: number;
}

export function mediaFigures({ calls, longestGapMs }: MediaResult, wallMs: number): MediaFigures {
  const time = (phase: MediaPhase, of: "answeredMs" | "joinedMs" | "firstFrameMs", share: number) => {
    const value = percentile(
      calls[phase].map((call) => call[of]),
      share,
    );
    return value === undefined ? null : Math.round(value);
  };
  const all = mediaPhases.flatMap((phase) => calls[phase]);
  return {
    firstFrameFirstMs: time("first", "firstFrameMs", 0.5),
    firstFrameWarmP50Ms: time("warm", "firstFrameMs", 0.5),
    firstFrameWarmP95Ms: time("warm", "firstFrameMs", 0.95),
    firstFrameBurstP50Ms: time("burst", "firstFrameMs", 0.5),
    firstFrameBurstP95Ms: time("burst", "firstFrameMs", 0.95),
    answeredWarmP50Ms: time("warm", "answeredMs", 0.5),
    joinedWarmP50Ms: time("warm", "joinedMs", 0.5),
    calls: all.length,
    failedAttempts: all.reduce((sum, { failures }) => sum + failures.length, 0),
    longestGapMs: Math.round(longestGapMs),
    wallMs: Math.round(wallMs),
  };
}

/** The figures as text. */
export function mediaSummary(figures: MediaFigures): string {
  const time = (value: number | null) => (value === null ? "-" : seconds(value).trim()).padStart(8);
  const row = (phase: MediaPhase, p50: number | null, p95: number | null, explanation: string) =>
    `  ${phase.padEnd(10)}${time(p50)}${time(p95)}   ${explanation}`;
  return [
    "",
    "First frame at a client of the room, from the start of the launch by the maker's plugin (test card, real LiveKit)",
    `  ${"calls".padEnd(10)}${"p50".padStart(8)}${"p95".padStart(8)}`,
    row("first", figures.firstFrameFirstMs, figures.firstFrameFirstMs, "the first call of a new pool"),
    row("warm", figures.firstFrameWarmP50Ms, figures.firstFrameWarmP95Ms, "a slot was free on a warm worker"),
    row("burst", figures.firstFrameBurstP50Ms, figures.firstFrameBurstP95Ms, "more calls at once than free slots"),
    "",
    `Calls           ${figures.calls} served; ${figures.failedAttempts} failed attempts of the plugin`,
    `Warm launch     answered after ${figures.answeredWarmP50Ms ?? "-"} ms, avatar joined after ${figures.joinedWarmP50Ms ?? "-"} ms (p50)`,
    `Video           longest pause between two frames of a call: ${figures.longestGapMs} ms`,
    `Whole run       ${seconds(figures.wallMs).trim()}`,
  ].join("\n");
}
