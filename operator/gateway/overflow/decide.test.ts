import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { Shares } from "../workers/shares.ts";
import { type OverflowInputs, whyNotOverflow } from "./decide.ts";
import { nextWorkerMs, type PendingWorker } from "./next-worker.ts";
import { shareOf } from "./share-of.ts";

/** A launch that has waited 10 s of 120 s in a pool that can have no further worker. */
const stuck: OverflowInputs = {
  nowMs: 10_000,
  arrivedMs: 0,
  deadlineMs: 120_000,
  afterMs: 5_000,
  lastChance: false,
  atSessionLimit: false,
  taken: 0,
  share: 1,
  overBudget: false,
  circuitOpen: false,
  nextWorkerMs: () => undefined,
};

describe("a launch without a slot", () => {
  it.each<[string, Partial<OverflowInputs>, ReturnType<typeof whyNotOverflow>]>([
    ["overflows if no worker can start", {}, undefined],
    ["waits for overflow.after first", { nowMs: 4_999 }, "early"],
    ["overflows before that time if the alternative is a rejection", { nowMs: 0, lastChance: true }, undefined],
    ["waits for a worker that starts in time", { nextWorkerMs: () => 110_000 }, "worker-comes"],
    ["overflows if the next worker starts too late", { nextWorkerMs: () => 110_001 }, undefined],
    [
      "overflows if the alternative is a rejection, although a worker starts",
      { lastChance: true, nextWorkerMs: () => 1 },
      undefined,
    ],
    ["stays within this gateway's share", { taken: 1 }, "cap"],
    ["stays within the share also at the last chance", { taken: 1, lastChance: true }, "cap"],
    ["does not overflow while the circuit breaker is open", { circuitOpen: true, lastChance: true }, "circuit-open"],
    ["does not bypass limits.maxSessions", { atSessionLimit: true, lastChance: true }, "session-limit"],
  ])("%s", (_what, change, expected) => {
    expect(whyNotOverflow({ ...stuck, ...change })).toBe(expected);
  });
});

describe("the next worker", () => {
  const groups = testPool({
    presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
    workers: [{ name: "gpu", engine: "expression", max: 2, coldStart: "40s" }],
  }).groups;
  const worker = (change: Partial<PendingWorker> & { readonly ageMs?: number } = {}): PendingWorker => ({
    group: "gpu",
    usable: true,
    cordoned: false,
    terminating: false,
    ...change,
    record: { createdAtMs: 1_000_000 - (change.ageMs ?? 500_000) },
  });
  const starting = (ageMs: number) => worker({ usable: false, ageMs });

  it.each<[string, readonly PendingWorker[], number | undefined]>([
    ["never starts if all workers serve and the group is at its maximum", [worker(), worker()], undefined],
    ["takes a cold start if the group may grow", [worker()], 40_000],
    ["is ready sooner if one is starting", [worker(), starting(30_000)], 10_000],
    ["is due if its start-up time is over", [worker(), starting(50_000)], 0],
    ["is not a stuck one", [worker(), starting(80_000)], undefined],
    ["may replace a terminating worker", [worker(), worker({ terminating: true })], 40_000],
    ["may replace a drained worker", [worker(), worker({ cordoned: true })], 40_000],
    ["is not one of another group", [worker(), worker(), worker({ group: "cpu", usable: false, ageMs: 0 })], undefined],
  ])("%s", (_what, workers, expected) => {
    expect(nextWorkerMs(groups, workers, 1_000_000)).toBe(expected);
  });
});

describe("shares of overflow.maxSessions", () => {
  it("add up to it, and differ by one at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 12 }), fc.string(), (maxSessions, gateways, pool) => {
        const names = Array.from({ length: gateways }, (_, at) => `http://10.0.0.${at}`);
        const parts = names.map((name) => shareOf(maxSessions, new Shares(name, names), pool));
        expect(parts.reduce((sum, part) => sum + part)).toBe(maxSessions);
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
