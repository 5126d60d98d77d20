import { describe, expect, it } from "vitest";
import { gpuOnly, load, NOW_MS, pod, pool, report, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import { poolStatusSchema } from "../../api/v1alpha1/index.ts";
import { conditionsOf } from "../conditions/conditions.ts";
import { LoadHub } from "../load/load-hub.ts";
import { plan } from "../plan.ts";
import type { Snapshot } from "../snapshot.ts";
import { statusOf } from "./status.ts";

const statusIn = (seen: Snapshot) => statusOf(seen, plan(seen), conditionsOf(seen, plan(seen)));
const status = (change: WorldChange = {}, view = pool(gpuOnly)) => statusIn(snapshot(view, change));

describe("statusOf", () => {
  const pods = [
    pod("warm"),
    pod("busy"),
    pod("cold", { stage: "answering" }),
    pod("lost", { stage: "unscheduled" }),
    pod("leaving", { cordonedAtMs: 1 }),
    pod("going", { deleting: true }),
  ];
  const told = status({ pods, sessions: { busy: 2, leaving: 1, going: 1 }, queued: { maya: 1, "": 1 } });

  it("counts a group's workers by state", () => {
    expect(told.groups).toEqual([
      { name: "gpu", desired: 5, ready: 3, warm: 2, draining: 2, sessions: 4, slots: 9, unschedulable: 1 },
    ]);
  });

  it("counts the pool's sessions, slots, warm slots and waiting launches", () => {
    expect(told).toMatchObject({ sessions: 4, slots: 9, warmSlots: 2, queued: 2, presets: [{ name: "maya", warmSlots: 2 }] });
  });

  it("fits the schema that the API server checks", () => {
    expect(poolStatusSchema.parse(told)).toEqual(told);
  });

  it("counts one group's warm slots for every preset that it serves", () => {
    const presets = ["maya", "zoe"].map((name) => ({ name, image: { url: "https://example.com/a.jpg" } }));
    expect(status({ pods: [pod("a")] }, pool({ ...gpuOnly, presets }))).toMatchObject({
      warmSlots: 2,
      presets: [
        { name: "maya", warmSlots: 2 },
        { name: "zoe", warmSlots: 2 },
      ],
    });
  });

  it("keeps the time of a condition until its status changes, even if its message changes", () => {
    const first = status({ pods: [pod("a", { stage: "starting" })] });
    const ready = (next: typeof first) => next.conditions!.find(({ type }) => type === "Ready")!;
    const later = (stage: "unscheduled" | "warm") =>
      ready(status({ pods: [pod("a", { stage })], nowMs: NOW_MS + 60_000 }, pool(gpuOnly, {}, first)));
    expect(later("unscheduled")).toMatchObject({ reason: "Unschedulable", lastTransitionTime: ready(first).lastTransitionTime });
    expect(later("warm")).toMatchObject({ status: "True", lastTransitionTime: "2026-01-01T12:01:00Z" });
  });

  it("keeps the last decision until the next", () => {
    const first = status({ deployments: [] });
    expect(first.lastDecision).toMatchObject({ time: "2026-01-01T12:00:00Z", group: "gpu", from: 0, to: 1 });
    expect(status({ pods: [pod("a")], nowMs: NOW_MS + 60_000 }, pool(gpuOnly, {}, first)).lastDecision).toEqual(first.lastDecision);
  });

  it("returns start-ups by nearest rank, and none without launches", () => {
    expect(told.startup).toBeUndefined();
    const hub = new LoadHub();
    hub.setGateways(["g"], NOW_MS);
    hub.accept("g", report("g", [load({ startupsMs: Array.from({ length: 100 }, (_, index) => (index + 1) * 100) })]), NOW_MS);
    const seen = { ...snapshot(pool(gpuOnly)), load: hub.view("avatars/support", NOW_MS) };
    expect(statusIn(seen).startup).toEqual({ p50: "5.0s", p95: "9.5s" });
  });
});
