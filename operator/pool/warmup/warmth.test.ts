import { expect, it } from "vitest";
import type { WorkerLoadView } from "../load/merge-loads.ts";
import type { PodView } from "../views.ts";
import { hasWarmupSession } from "./warmth.ts";

const warmSinceMs = 100_000;
const loading = { uid: "a", containersReady: true, warmSinceMs: undefined, startedAtMs: 50_000 } as PodView;
const session: WorkerLoadView = { sessions: 1, reserved: 0, slots: 1, ready: true, cordonAcknowledged: false, blocked: 0 };

function warmup(
  pod: PodView,
  { mode = "session", sessions = 1, nowMs = 90_000 }: { mode?: "session" | "pipeline"; sessions?: number; nowMs?: number },
) {
  return hasWarmupSession(
    pod,
    { warm: { slots: { kind: "auto" }, schedule: [], mode } },
    { workers: new Map([["a", { ...session, sessions }]]) },
    nowMs,
  );
}

it("treats one session of a worker that loads its presets as our own, until gateways have polled the worker again", () => {
  const warm = { ...loading, warmSinceMs };
  expect(warmup(loading, {})).toBe(true);
  expect(warmup(warm, { nowMs: warmSinceMs + 1_000 })).toBe(true);
  expect(warmup(warm, { nowMs: warmSinceMs + 2_000 })).toBe(false);
});

it("treats no session as our own if none runs, or if the operator started none", () => {
  expect(warmup(loading, { sessions: 0 })).toBe(false);
  expect(warmup(loading, { mode: "pipeline" })).toBe(false);
  expect(warmup({ ...loading, containersReady: false }, {})).toBe(false);
});
