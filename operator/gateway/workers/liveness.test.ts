import { describe, expect, it } from "vitest";
import { Liveness } from "./liveness.ts";

describe("Liveness", () => {
  it.each([
    ["four probes in four seconds", [0, 1_300, 2_600, 4_000], true],
    ["three probes, far apart", [0, 60_000, 120_000], false],
    ["four failures in quick succession", [0, 250, 500, 750], false],
  ])("after %s, at %j ms: dead %s", (_what, timesMs, lasts) => {
    const silence = new Liveness();
    for (const nowMs of timesMs) silence.probed(true, nowMs);
    expect(silence.dead).toBe(lasts);
  });

  it("resets with the first response", () => {
    const silence = new Liveness();
    for (const nowMs of [0, 2_000, 4_000, 6_000]) silence.probed(true, nowMs);
    silence.probed(false, 7_000);
    expect(silence.dead).toBe(false);
    for (const nowMs of [8_000, 9_000, 10_000, 11_000]) silence.probed(true, nowMs);
    expect(silence.dead).toBe(false);
    silence.probed(true, 12_000);
    expect(silence.dead).toBe(true);
  });
});
