import { describe, expect, it } from "vitest";
import {
  deployment,
  gpuOnly,
  load,
  NOW_MS,
  type PodChange,
  pod,
  pool,
  replicaSet,
  report,
  snapshot,
  type WorldChange,
  world,
} from "../../../test/support/pools.ts";
import { buildSnapshot, nothingRead } from "../gather/build-snapshot.ts";
import { Memories } from "../memory.ts";
import { rolloutOf } from "./rollout.ts";

const view = pool(gpuOnly);
const old = (name: string) => pod(name, { template: "t1" });
const fresh = (name: string, change: PodChange = {}) => pod(name, { template: "t2", createdAtMs: NOW_MS, ...change });
const at = (template: string, change: object = {}) => [deployment("gpu", { replicas: 2, template, ...change })];

function rollout(change: WorldChange) {
  const seen = snapshot(view, { deployments: at("t2"), ...change });
  return rolloutOf(seen, seen.groups[0]!);
}

/** The rollout after these start-ups, in ms by pod. */
function measured(startups: Readonly<Record<string, readonly number[]>>, change: WorldChange = {}) {
  const full = { deployments: at("t2"), pods: [old("a"), old("b"), fresh("c")], ...change };
  const { nowMs = NOW_MS } = change;
  const stores = world(view.config, full);
  const workerStartups = Object.entries(startups).flatMap(([name, list]) =>
    list.map((startupMs) => ({ uid: `uid-${name}`, startupMs })),
  );
  stores.hub.accept("http://gateway", report("g", [load({ workerStartups })], false), nowMs);
  const seen = buildSnapshot(stores, view, nothingRead, new Memories().of("p"), nowMs);
  return rolloutOf(seen, seen.groups[0]!);
}

describe("rolloutOf", () => {
  it("is none while every worker has the Deployment's template, also after a rollback", () => {
    expect(rollout({ pods: [fresh("a"), fresh("b")] })).toEqual({ kind: "none" });
    expect(rollout({ pods: [old("a")], deployments: at("t1") })).toEqual({ kind: "none" });
  });

  it("includes a foreign change of the template, for example by kubectl rollout restart", () => {
    const restarted = pod("c", { template: "t1", revision: "r2", stage: "unscheduled", createdAtMs: NOW_MS });
    const change = {
      deployments: at("t1", { revision: 2 }),
      pods: [old("a"), old("b"), restarted],
      replicaSets: [replicaSet("gpu", "r1", 1), replicaSet("gpu", "r2", 2)],
    };
    expect(rollout(change)).toMatchObject({ kind: "under-way", left: 2 });
    expect(rollout({ ...change, nowMs: NOW_MS + 30_000 })).toMatchObject({ kind: "blocked", reason: "Unschedulable" });
    const done = [pod("c", { template: "t1", revision: "r2" })];
    expect(rollout({ ...change, pods: done })).toEqual({ kind: "none" });
    expect(rollout({ ...change, replicaSets: [] }), "not visible yet").toEqual({ kind: "none" });
  });

  it("counts replaced and remaining workers, and counts draining workers as replaced", () => {
    const pods = [fresh("c"), fresh("d", { stage: "starting" }), old("a"), pod("b", { template: "t1", deleting: true })];
    expect(rollout({ pods })).toMatchObject({ kind: "under-way", updated: 1, left: 1 });
  });

  it("is blocked by a new worker that finds no node for a while, and names the remedy", () => {
    const pods = [old("a"), fresh("c", { stage: "unscheduled" })];
    expect(rollout({ pods })).toMatchObject({ kind: "under-way", lookAtMs: NOW_MS + 30_000 });
    expect(rollout({ pods, nowMs: NOW_MS + 30_000 })).toMatchObject({
      kind: "blocked",
      reason: "Unschedulable",
      message: expect.stringMatching(
        /^the rollout of group gpu is stopped; 1 worker still runs the previous revision: the scheduler finds no node for a new worker \(0\/3 nodes are available\): free a GPU, add GPU nodes, or set rollout.maxSurge to 0/,
      ),
    });
  });

  it("is blocked by a new worker that fails, and not by an old one", () => {
    const waiting = { reason: "ErrImagePull", message: "no such image" };
    const failing = { status: { containerStatuses: [{ name: "worker", state: { waiting } }] as never } };
    expect(rollout({ pods: [old("a"), fresh("c", { stage: "pending", ...failing })] })).toMatchObject({
      kind: "blocked",
      reason: "WorkerFailing",
      message: expect.stringContaining("ErrImagePull: worker: no such image"),
    });
    expect(rollout({ pods: [pod("a", { template: "t1", ...failing }), fresh("c")] })).toMatchObject({ kind: "under-way" });
  });

  it("is blocked if pods cannot be created, for example because of a quota", () => {
    const refused = { type: "ReplicaFailure", status: "True", message: "exceeded quota: gpus." };
    expect(rollout({ pods: [old("a")], deployments: at("t2", { conditions: [refused] }) })).toMatchObject({
      reason: "Stalled",
      message: expect.stringContaining("(exceeded quota: gpus)"),
    });
  });

  it("is held back when sessions on new workers start too slowly, and more slowly than before", () => {
    expect(measured({ a: [4_000, 4_100], c: [9_000, 9_500] })).toMatchObject({
      kind: "blocked",
      reason: "StartupMissed",
      message: expect.stringMatching(
        /measured p95 on new workers: 9.5s, slower than the previous revision and objective.startup.target \(6s\)/,
      ),
      heldBack: { template: "t2", startupMs: 9_500 },
    });
    expect(measured({ a: [9_000, 9_500], c: [9_000, 9_500] })).toMatchObject({ kind: "under-way" });
  });

  it("waits for start-ups on its first new worker if launches arrive, for the time of a cold start", () => {
    const waiting = { kind: "under-way", heldBack: { template: "t2", startupMs: undefined } };
    const warmMs = Date.parse("2026-01-01T00:00:00Z");
    const seenAfter = (ms: number, startups: Readonly<Record<string, readonly number[]>>) =>
      measured(startups, { nowMs: warmMs + ms });
    expect(seenAfter(44_999, { a: [4_000], c: [4_000, 4_000] })).toMatchObject({ ...waiting, lookAtMs: warmMs + 45_000 });
    expect(seenAfter(44_999, { a: [4_000], c: [4_000, 4_000, 4_000] })).toMatchObject({ heldBack: undefined });
    expect(seenAfter(45_000, { a: [4_000] })).toMatchObject({ heldBack: undefined });
    expect(seenAfter(44_999, {})).toMatchObject({ heldBack: undefined });
  });

  it("stays held back for that template without launches, and rolls out another", () => {
    const heldBack = { template: "t2", startupMs: 9_000 };
    expect(measured({}, { deployments: at("t2", { heldBack }) })).toMatchObject({ heldBack });
    expect(measured({ c: Array(20).fill(4_000) }, { deployments: at("t2", { heldBack }) })).toMatchObject({ kind: "under-way" });
    const other = { deployments: at("t3", { heldBack }), pods: [old("a"), fresh("c")] };
    expect(measured({}, other)).toMatchObject({ kind: "under-way" });
    // Other problems meanwhile do not remove the stop.
    const pods = [old("a"), fresh("c", { stage: "unscheduled", createdAtMs: 0 })];
    expect(measured({}, { pods, deployments: at("t2", { heldBack }) })).toMatchObject({ reason: "Unschedulable", heldBack });
  });
});
