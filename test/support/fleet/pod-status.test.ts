import { describe, expect, it } from "vitest";
import { type ContainerState, initialising } from "./container-state.ts";
import type { Pod } from "./pod.ts";
import { kubeletStatus } from "./pod-status.ts";

const start = Date.UTC(2026, 0, 1);
const later = start + 60_000;

function pod(gate?: "True" | "False" | "absent"): Pod {
  return {
    spec: {
      initContainers: [{ name: "fetch-assets" }, { name: "drain-hook", restartPolicy: "Always" }],
      containers: [{ name: "worker", image: "worker:1" }],
      ...(gate !== undefined && { readinessGates: [{ conditionType: "warm" }] }),
    },
    status: { conditions: gate === "True" || gate === "False" ? [{ type: "warm", status: gate }] : [] },
  };
}

const running: ContainerState = { ...initialising, current: { kind: "running", startedAtMs: start }, started: true, ready: true };
const run = { startedAtMs: start, finishedAtMs: start };
const completed: ContainerState = { ...initialising, current: { kind: "terminated", exitCode: 0, ...run }, ready: true };
const healthy = { "fetch-assets": completed, "drain-hook": running, worker: running };

function statusOf(states: Record<string, ContainerState>, gate?: "True" | "False" | "absent") {
  return kubeletStatus(pod(gate), new Map(Object.entries(states)), start);
}

function condition(status: ReturnType<typeof statusOf>, type: string) {
  return status.conditions.find((candidate) => candidate.type === type);
}

describe("Ready", () => {
  it("equals ContainersReady if there is no gate", () => {
    expect(condition(statusOf(healthy), "Ready")).toMatchObject({ status: "True" });
    expect(condition(statusOf({ ...healthy, worker: { ...running, ready: false } }), "Ready")).toMatchObject({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [worker]",
    });
  });

  it("is False until a sidecar is ready", () => {
    expect(condition(statusOf({ ...healthy, "drain-hook": initialising }), "Ready")).toMatchObject({ status: "False" });
  });

  it.each([
    ["absent", "False", 'corresponding condition of pod readiness gate "warm" does not exist.'],
    ["False", "False", 'the status of pod readiness gate "warm" is not "True", but False'],
    ["True", "True", ""],
  ] as const)("with a gate in state %s is %s", (gate, status, message) => {
    const found = statusOf(healthy, gate);
    expect(condition(found, "ContainersReady")).toMatchObject({ status: "True" });
    expect(condition(found, "Ready")?.status).toBe(status);
    expect(condition(found, "Ready")?.message).toBe(message);
  });
});

describe("phase and Initialized", () => {
  it("is Pending while init containers have not all succeeded", () => {
    const found = statusOf({});
    expect(found.phase).toBe("Pending");
    expect(condition(found, "Initialized")).toMatchObject({ status: "False", reason: "ContainersNotInitialized" });
    expect(condition(statusOf(healthy), "Initialized")).toMatchObject({ status: "True" });
  });

  it("stays Pending while the image cannot be pulled, and Running between restarts", () => {
    const pulling: ContainerState = { ...initialising, current: { kind: "waiting", reason: "ImagePullBackOff", message: "…" } };
    expect(statusOf({ ...healthy, worker: pulling }).phase).toBe("Pending");
    const crashed: ContainerState = {
      ...initialising,
      current: { kind: "waiting", reason: "CrashLoopBackOff" },
      last: { exitCode: 137, message: "the worker crashed", ...run },
      restarts: 2,
    };
    const found = statusOf({ ...healthy, worker: crashed });
    expect(found.phase).toBe("Running");
    expect(found.containerStatuses[0]).toMatchObject({
      restartCount: 2,
      lastState: { terminated: { exitCode: 137, reason: "Error", message: "the worker crashed" } },
    });
  });
});

it("keeps a condition's transition time until its status changes", () => {
  const states = new Map(Object.entries(healthy));
  const first = kubeletStatus(pod("False"), states, start);
  const second = kubeletStatus(pod("True"), states, later, first);
  expect(condition(second, "ContainersReady")?.lastTransitionTime).toBe("2026-01-01T00:00:00Z");
  expect(condition(second, "Ready")?.lastTransitionTime).toBe("2026-01-01T00:01:00Z");
});
