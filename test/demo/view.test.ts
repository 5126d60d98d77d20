import { describe, expect, it } from "vitest";
import type { GroupStatus } from "../../operator/api/v1alpha1/index.ts";
import { clientFigures } from "./figures.ts";
import { render, renderLine, type View } from "./view.ts";

const gpu: GroupStatus = { name: "gpu", desired: 6, ready: 3, warm: 2, draining: 1, sessions: 5, slots: 12, unschedulable: 1 };

const view: View = {
  title: "burst beyond capacity",
  elapsedMs: 75_900,
  status: {
    groups: [gpu],
    sessions: 5,
    slots: 12,
    presets: [
      { name: "maya", warmSlots: 3 },
      { name: "leo", warmSlots: 0 },
    ],
    lastDecision: { time: "2026-01-01T00:00:00Z", group: "gpu", from: 3, to: 6, reason: "5 sessions + 10 queued" },
  },
  clients: {
    ...clientFigures([]),
    launches: 15,
    served: 5,
    waiting: 10,
    client503: 0,
    startUps: {
      warm: { count: 5, p50Ms: 4_010, p95Ms: 4_260 },
      "own image": { count: 0 },
      queued: { count: 0 },
      cold: { count: 0 },
    },
  },
  worker503: 2,
  sessionsKilled: 0,
};

describe("the live view", () => {
  it("shows all figures", () => {
    expect(`\n${render(view)}\n`).toBe(`
AvatarPool demo   01:15   burst beyond capacity

gpu workers   ●●◐◐○·                   2 warm, 2 starting, 1 draining, 1 without a node
gpu slots     █████░░░░░░░             5 sessions, 12 slots

warm slots    maya 3   leo 0
queue         10 callers waiting
launches      15 sent, 5 served
503s          from workers 2, to clients 0; other errors to clients: 0
sessions      0 killed
start-up      warm          5 launches   p50   4.0 s   p95   4.3 s
              own image     0 launches
              queued        0 launches
              cold          0 launches
last decision gpu 3 -> 6: 5 sessions + 10 queued
`);
  });

  it("needs no status", () => {
    const text = render({ ...view, status: {} });
    expect(text).toContain("last decision none yet");
    expect(text).not.toContain("undefined");
  });

  it("limits the length of the bar of a large group", () => {
    const [workers] = render({ ...view, status: { groups: [{ ...gpu, warm: 500 }] } })
      .split("\n")
      .filter((line) => line.includes("●"));
    expect(workers).toContain("500 warm");
    expect(workers?.length).toBeLessThan(110);
  });
});

it("has the same content in one line", () => {
  expect(renderLine(view)).toBe(
    "01:15 burst beyond capacity: gpu 2 warm, 2 starting, 1 draining, 1 without a node; sessions 5/12; 10 waiting; " +
      "503s: workers 2, clients 0",
  );
});
