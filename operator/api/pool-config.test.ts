import { describe, expect, it } from "vitest";
import { gpuGroup, pool, poolObject } from "../../test/support/pools.ts";
import { conditionTypes } from "./conditions.ts";
import { groupServes, poolConfig } from "./pool-config.ts";

const presets = [
  { name: "maya", image: { url: "https://example.com/maya.jpg" } },
  { name: "leo", model: { url: "https://example.com/leo.imx", sha256: "ab" } },
  { name: "zoe", avatarId: "A1" },
];

describe("resolvePool", () => {
  it("fills in missing fields, from the engine's defaults if it has them", () => {
    const { config } = pool({ presets });
    expect(config).toMatchObject({
      apiSecretRef: { name: "maker", key: "api-secret" },
      warm: { slots: { kind: "auto" }, schedule: [], mode: "pipeline" },
      objective: { startup: { targetMs: 6_000, percentile: 95 }, launchSuccessPercent: 99 },
      scaling: { scaleDownAfterMs: undefined, maxStep: undefined, paused: false },
      launch: { queueLength: 100, queueDeadlineMs: 120_000, attempts: 5, allowCustomAvatars: true },
    });
    expect(config.groups).toMatchObject([
      { deploymentName: "support-gpu", min: 0, slotsPerWorker: 2, coldStartMs: 45_000, drainTimeoutMs: 3_600_000 },
      { deploymentName: "support-cpu", slotsPerWorker: 1, coldStartMs: 20_000 },
    ]);
  });

  it("prefers the user's values to the engine's", () => {
    const workers = [{ ...gpuGroup, sessionsPerWorker: 6, coldStart: "90s", drain: { timeout: "5m" } }];
    expect(pool({ presets: presets.slice(0, 1), workers }).config.groups[0]).toMatchObject({
      slotsPerWorker: 6,
      coldStartMs: 90_000,
      drainTimeoutMs: 300_000,
    });
  });

  it("gives every group the presets that its engine can load, except the excluded ones", () => {
    const loaded = (workers: object[]) => pool({ presets, workers: workers as never }).config.groups.map((group) => group.presets);
    const cpu = { name: "cpu", engine: "essence", image: "i:1", max: 1 };
    expect(loaded([gpuGroup, cpu])).toEqual([["maya", "zoe"], ["leo"]]);
    expect(loaded([{ ...gpuGroup, presets: ["zoe"] }, cpu])).toEqual([["zoe"], ["leo"]]);
  });

  it.each([
    ["auto", { kind: "auto" }],
    [0, { kind: "count", slots: 0 }],
    ["20%", { kind: "share", percent: 20 }],
  ])("reads warm.slots %s", (slots, read) => {
    expect(pool({ warm: { slots } }).config.warm.slots).toEqual(read);
  });

  it("orders groups by priority, then by cost per slot, then by position in the list", () => {
    const order = (...workers: object[]) =>
      pool({ presets: presets.slice(0, 1), workers: workers.map((each) => ({ ...gpuGroup, ...each })) }).config.groups.map(
        ({ name }) => name,
      );
    expect(order({ name: "a" }, { name: "b" })).toEqual(["a", "b"]);
    expect(order({ name: "a" }, { name: "b", priority: 1 })).toEqual(["b", "a"]);
    const cost = (name: string, costPerHour: number, sessionsPerWorker: number) => ({ name, costPerHour, sessionsPerWorker });
    expect(order(cost("dear", 1, 2), cost("cheap", 3, 8))).toEqual(["cheap", "dear"]);
    expect(order({ ...cost("dear", 9, 1), priority: 1 }, cost("cheap", 1, 1))).toEqual(["dear", "cheap"]);
  });

  it("recognizes a pool that is being deleted", () => {
    expect(pool().config.deletedAtMs).toBeUndefined();
    expect(pool({}, { deletionTimestamp: "2026-01-01T00:00:00Z" }).config.deletedAtMs).toBe(Date.UTC(2026, 0, 1));
  });
});

describe("groupServes", () => {
  const [gpu, cpu] = pool().config.groups;
  it.each([
    ["maya", true, false],
    ["leo", false, true],
    [undefined, true, false],
    ["nobody", false, false],
  ])("preset %s: GPU %s, CPU %s", (preset, byGpu, byCpu) => {
    expect([groupServes(gpu!, preset), groupServes(cpu!, preset)]).toEqual([byGpu, byCpu]);
  });
});

describe("poolConfig", () => {
  const credits = { budget: { credits: 100 } };
  const status = {
    conditions: [
      {
        type: conditionTypes.creditsWithinBudget,
        status: "False",
        reason: "Exceeded",
        message: "",
        lastTransitionTime: "2026-01-01T00:00:00Z",
        observedGeneration: 1,
      },
    ],
  };
  const before = poolConfig(poolObject({ credits }));

  it("stays the same object while only the status or another part of the metadata changes", () => {
    expect(poolConfig(poolObject({ credits }, { resourceVersion: "2" }, { sessions: 3 }), before)).toBe(before);
  });

  it.each([
    ["another generation", poolObject({ credits, limits: { maxSessions: 7 } }, { generation: 2 })],
    ["a pool of the same name", poolObject({ credits, limits: { maxSessions: 7 } }, { uid: "other" })],
    ["a pool that is deleted", poolObject({ credits }, { deletionTimestamp: "2026-01-01T00:00:00Z" })],
    ["a budget that is exceeded", poolObject({ credits }, {}, status)],
  ])("is resolved again for %s", (_what, changed) => {
    const after = poolConfig(changed, before);
    expect(after).toEqual(poolConfig(changed));
    expect(after).not.toEqual(before);
  });
});
