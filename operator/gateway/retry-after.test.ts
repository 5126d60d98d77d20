import { describe, expect, it } from "vitest";
import { retryAfterMs } from "./retry-after.ts";

const nowMs = 1_000_000;

describe("retryAfterMs", () => {
  it("is the pace of the last minute times the launches before", () => {
    const grantsMs = [nowMs - 20_000, nowMs - 15_000, nowMs - 10_000, nowMs - 5_000];
    expect(retryAfterMs({ nowMs, waiting: 3, grantsMs, coldStartMs: 45_000 })).toBe(20_000);
  });

  it("is the time that a new worker needs when nothing was granted lately", () => {
    expect(retryAfterMs({ nowMs, waiting: 3, grantsMs: [nowMs - 70_000, nowMs - 61_000], coldStartMs: 45_000 })).toBe(45_000);
  });

  it("stays within a second and two minutes", () => {
    expect(retryAfterMs({ nowMs, waiting: 0, grantsMs: [nowMs - 2, nowMs - 1], coldStartMs: 45_000 })).toBe(1_000);
    expect(retryAfterMs({ nowMs, waiting: 100, grantsMs: [nowMs - 50_000, nowMs - 1], coldStartMs: 45_000 })).toBe(120_000);
  });
});
