import { describe, expect, it } from "vitest";
import { agentsOnly, deployment, gpuGroup, NOW_MS, pod, pool, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import { conditionsOf } from "../conditions/conditions.ts";
import { emptyLedger } from "../credits/ledger.ts";
import { plan } from "../plan.ts";
import { statusOf } from "../report/status.ts";
import type { Snapshot } from "../snapshot.ts";
import { poolFigures } from "./pool-figures.ts";

function figures(view: ReturnType<typeof pool>, change: WorldChange, more: Partial<Snapshot> = {}) {
  const seen = { ...snapshot(view, change), ...more };
  const planned = plan(seen);
  const status = statusOf(seen, planned, conditionsOf(seen, planned));
  const found = poolFigures(seen, planned, status, []);
  const of = (metric: string) =>
    Object.fromEntries(
      found.flatMap((each) => (each.metric === metric ? [[Object.values(each.labels).join(" "), each.value]] : [])),
    );
  return { status, of };
}
const workers = [
  { ...gpuGroup, min: 1 },
  { name: "cpu", engine: "essence", image: "registry.example.com/essence-worker:1.4", max: 20 },
] as const;
const view = pool({ workers: [...workers], warm: { slots: 2 }, launch: { allowCustomAvatars: false } });
const busy: WorldChange = {
  pods: [
    pod("a"),
    pod("b"),
    pod("c", { stage: "answering" }),
    pod("d", { stage: "starting" }),
    pod("e", { stage: "unscheduled" }),
    pod("f", { cordonedAtMs: NOW_MS }),
    pod("g", { deleting: true }),
    pod("h", { group: "cpu" }),
  ],
  sessions: { a: 1, b: 2, g: 1, h: 1 },
  launched: { maya: 2, leo: 1, removed: 1 },
  queued: { maya: 1 },
};

describe("the figures of a pool", () => {
  it("are the numbers of its status", () => {
    const { status, of } = figures(view, busy);
    const groups = status.groups!.map(({ name, desired, ready }) => ({ name, desired, ready }));
    expect([of("desired"), of("ready")]).toEqual([
      Object.fromEntries(groups.map(({ name, desired }) => [name, desired])),
      Object.fromEntries(groups.map(({ name, ready }) => [name, ready])),
    ]);
    expect([of("min"), of("max")]).toEqual([
      { gpu: 1, cpu: 0 },
      { gpu: 10, cpu: 20 },
    ]);
    expect([of("queued"), of("pressure")]).toEqual([{ "": status.queued }, { "": status.pressurePerMinute }]);
    expect(of("warmSlots")).toEqual(Object.fromEntries(status.presets!.map(({ name, warmSlots }) => [name, warmSlots])));
    expect(of("warmSlotsWanted")).toEqual({ maya: 2, leo: 2 });
  });

  it("count each worker in one state, as the status counts warm and draining ones", () => {
    const { status, of } = figures(view, busy);
    expect(of("workers")).toEqual({
      ...{ "gpu unschedulable": 1, "gpu starting": 1, "gpu cold": 1, "gpu warm": 2, "gpu draining": 2 },
      ...{ "cpu unschedulable": 0, "cpu starting": 0, "cpu cold": 0, "cpu warm": 1, "cpu draining": 0 },
    });
    expect(status.groups!.map(({ warm, draining }) => [warm, draining])).toEqual([
      [2, 2],
      [1, 0],
    ]);
  });

  it("add up: sessions by preset to the pool's sessions, and slots by state to its slots", () => {
    const { status, of } = figures(view, busy);
    expect(of("sessions")).toEqual({ maya: 2, leo: 1, "unknown preset": 2 });
    expect(status.sessions).toBe(5);
    expect(of("slots")).toEqual({ busy: 5, blocked: 0, draining: 2, free: 3 });
    expect(status.slots).toBe(10);
  });

  it("count the jobs of agents, and the slots that their load blocks", () => {
    const agents = { group: "agents", engine: "livekit-agent" };
    const { status, of } = figures(pool(agentsOnly), {
      pods: [pod("a", agents), pod("b", agents)],
      sessions: { a: 1 },
      blocked: { b: 1 },
    });
    expect(of("sessions")).toEqual({ "LiveKit jobs": 1, "unknown preset": 0 });
    expect(of("slots")).toEqual({ busy: 1, blocked: 1, draining: 0, free: status.slots! - 2 });
    expect(Object.keys(of("warmSlotsWanted"))).toEqual(["LiveKit jobs"]);
  });

  it("have the workers of a group that was removed from the spec, while they drain", () => {
    const { of } = figures(view, {
      pods: [pod("a"), pod("old", { group: "former", cordonedAtMs: NOW_MS })],
      deployments: [deployment("gpu"), deployment("former")],
    });
    expect(of("workers")).toMatchObject({ "gpu warm": 1, "former draining": 1, "former warm": 0 });
  });

  it("have the forecast over all sets, and the used share of the credit budget, if the pool has them", () => {
    const auto = pool({ warm: { slots: "auto" }, credits: { budget: { credits: 100 } } });
    const target = { holdMs: 0, because: "" };
    const ledger = { ...emptyLedger, period: "2026-01", spent: 28_000 };
    const { of } = figures(auto, busy, {
      forecast: new Map([
        ["gpu", { slots: 3, ...target }],
        ["cpu", { slots: 2, ...target }],
      ]),
      credits: { ledger, lastHour: 0 },
    });
    expect([of("forecast"), of("budgetUsed")]).toEqual([{ "": 5 }, { "": 0.28 }]);
    const without = figures(view, busy);
    expect([without.of("forecast"), without.of("budgetUsed")]).toEqual([{}, {}]);
  });

  it("have one true status for each condition", () => {
    const { status, of } = figures(view, busy);
    const held = status.conditions!.map(({ type, status: each }) => `${type} ${each}`);
    const conditions = Object.entries(of("condition"));
    expect(conditions.filter(([, value]) => value === 1).map(([name]) => name)).toEqual(held);
    expect(conditions).toHaveLength(3 * held.length);
  });

  it("of a deleted pool require no warm slots, and have no condition but Ready", () => {
    const { of } = figures({ ...view, config: { ...view.config, deletedAtMs: NOW_MS } }, busy);
    expect(of("warmSlotsWanted")).toEqual({ maya: 0, leo: 0 });
    expect(of("condition")).toEqual({ "Ready True": 0, "Ready False": 1, "Ready Unknown": 0 });
  });

  it("have the objective, and the cost of workers with a node if the groups have costs", () => {
    const priced = pool({
      workers: [{ ...gpuGroup, costPerHour: 1.5 }],
      presets: [{ name: "maya", image: { url: "https://x/y" } }],
    });
    const { of } = figures(priced, { pods: [pod("a"), pod("b", { stage: "unscheduled" }), pod("c", { deleting: true })] });
    expect(of("cost")).toEqual({ "": 3 });
    expect([of("objectiveSuccess"), of("objectiveStartup"), of("errorBudget")]).toEqual([{ "": 0.99 }, { "": 6 }, { "": 1 }]);
    expect(figures(view, busy).of("cost")).toEqual({});
  });
});
