import { expect, it } from "vitest";
import type { Shown } from "../support/media/callers.ts";
import { mediaFigures, mediaSummary } from "./media-summary.ts";

const shown = (firstFrameMs: number, failures: readonly string[] = []): Shown => ({
  answeredMs: 12,
  joinedMs: 150,
  trackMs: 300,
  firstFrameMs,
  failures,
});

it("has the first-frame times by phase, and counts the plugin's failed attempts", () => {
  const calls = { first: [shown(4_000)], warm: [shown(400), shown(300), shown(500)], burst: [shown(9_000, ["503"])] };
  const figures = mediaFigures({ calls, longestGapMs: 120.4 }, 60_000);
  expect(figures).toMatchObject({
    firstFrameFirstMs: 4_000,
    firstFrameWarmP50Ms: 400,
    firstFrameWarmP95Ms: 500,
    calls: 5,
    failedAttempts: 1,
    longestGapMs: 120,
  });
  expect(mediaSummary(figures)).toMatch(/warm +0\.4 s +0\.5 s/);
});

it("needs no call", () => {
  const figures = mediaFigures({ calls: { first: [], warm: [], burst: [] }, longestGapMs: 0 }, 0);
  expect(figures.firstFrameWarmP50Ms).toBeNull();
  expect(mediaSummary(figures)).not.toMatch(/undefined|null|NaN/);
});
