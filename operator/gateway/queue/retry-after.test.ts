import { describe, expect, it } from "vitest";
import { isHopeless, retryAfterMs } from "./retry-after.ts";

const nowMs = 1_000_000;

describe("retryAfterMs", () => {
  it("is the pace of the last minute times the launches ahead", () => {
    const grantsMs = [nowMs - 20_000, nowMs - 15_000, nowMs - 10_000, nowMs - 5_000];
    expect(retryAfterMs({ nowMs, waiting: 3, grantsMs, coldStartMs: 45_000 })).toBe(20_000);
  });

  it("is the cold start time if no slot was granted recently", () => {
    expect(retryAfterMs({ nowMs, waiting: 3, grantsMs: [nowMs - 70_000, nowMs - 61_000], coldStartMs: 45_000 })).toBe(45_000);
  });

  it("stays between one second and two minutes", () => {
    expect(retryAfterMs({ nowMs, waiting: 0, grantsMs: [nowMs - 2, nowMs - 1], coldStartMs: 45_000 })).toBe(1_000);
    expect(retryAfterMs({ nowMs, waiting: 100, grantsMs: [nowMs - 50_000, nowMs - 1], coldStartMs: 45_000 })).toBe(120_000);
  });
});

describe("isHopeless", () => {
  /** Twenty slots became free in the last 20 s, one a second. */
  const grantsMs = Array.from({ length: 20 }, (_, index) => 80_500 + index * 1_000);
  const state = { nowMs: 100_000, deadlineMs: 110_000, waiting: 10, grantsMs, mayGrow: () => false };

  it("rejects early only a launch that would wait many times its deadline at a reliable pace", () => {
    expect(isHopeless(state)).toBe(false);
    expect(isHopeless({ ...state, waiting: 60 })).toBe(true);
  });

  it("rejects nothing early while the pool may grow, or while the pace is unknown", () => {
    expect(isHopeless({ ...state, waiting: 60, mayGrow: () => true })).toBe(false);
    expect(isHopeless({ ...state, waiting: 1_000, grantsMs: grantsMs.slice(10) })).toBe(false);
    expect(isHopeless({ ...state, waiting: 1_000, grantsMs: [] })).toBe(false);
  });
});
