import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { deployment, gpuOnly, NOW_MS, type PodStage, pod, pool, snapshot, type WorldChange } from "../../../test/support/pools.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { createRegistry } from "../../telemetry/metrics.ts";
import { operatorMetrics } from "../../telemetry/operator-metrics.ts";
import { conditionsOf } from "../conditions/conditions.ts";
import { plan } from "../plan.ts";
import { EVENT_INTERVAL_MS } from "./pool-events.ts";
import { type PoolEvent, Reporter } from "./reporter.ts";

function reporter() {
  const events: PoolEvent[] = [];
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reports = new Reporter({
    record: (event) => events.push(event),
    logger: createLogger("test", "info", sink),
    metrics: operatorMetrics(createRegistry({ process: false })),
  });
  const told = () => events.splice(0).map(({ type, reason, note }) => `${type} ${reason}: ${note}`);
  let nowMs = NOW_MS;
  /** Each observation follows the last one after ten seconds by default. */
  const look = (change: WorldChange, view = pool(gpuOnly)) => {
    nowMs += EVENT_INTERVAL_MS;
    const seen = snapshot(view, { nowMs, ...change });
    reports.report(seen, plan(seen), conditionsOf(seen, plan(seen)));
    return told();
  };
  return { look, told, reports };
}
const starting = { pods: [pod("a", { stage: "starting" })] };
const serving = { pods: [pod("a")] };

describe("Reporter", () => {
  it("records one event for one decision, with its arithmetic", () => {
    const { look } = reporter();
    expect(look({ deployments: [] })).toEqual([expect.stringMatching(/^Normal Scaled: gpu 0 -> 1: 0 sessions .* = 1$/)]);
  });

  it("records an event when readiness changes, and none while it stays", () => {
    const { look } = reporter();
    expect(look(starting)).toEqual([]);
    expect(look(serving)).toEqual(["Normal Ready: every preset can be launched"]);
    expect(look(serving)).toEqual([]);
    expect(look(starting)).toEqual(["Warning NotReady: workers for maya are starting"]);
    expect(look(starting)).toEqual([]);
  });

  it("does not repeat the content of the status after a restart", () => {
    const condition = {
      type: "Ready",
      status: "True",
      reason: "Serving",
      message: "",
      lastTransitionTime: "",
      observedGeneration: 1,
    };
    expect(reporter().look(serving, pool(gpuOnly, {}, { conditions: [condition] }))).toEqual([]);
  });

  it("reports once, at the drain timeout, the sessions that end with a deleted worker", () => {
    const { look } = reporter();
    const change = (more: WorldChange = {}) => ({
      pods: [pod("a"), pod("b", { deleting: true, endsAtMs: NOW_MS + 1_000 })],
      sessions: { b: 1 },
      ...more,
    });
    look(change({ nowMs: NOW_MS }));
    expect(plan(snapshot(pool(gpuOnly), change())).requeueAfterMs).toBe(1_000);
    expect(look(change({ nowMs: NOW_MS + 999 }))).toEqual([]);
    const told = "Warning DrainTimeout: drain.timeout has expired: removing b and ending their sessions";
    expect(look(change({ nowMs: NOW_MS + 1_000 }))).toEqual([told]);
    expect(look(change({ nowMs: NOW_MS + 1_001 }))).toEqual([]);
    expect(look(change({ nowMs: NOW_MS + 1_001 + EVENT_INTERVAL_MS }))).toEqual([]);
    expect(look(change({ nowMs: NOW_MS + 1_000, sessions: {} }))).toEqual([]);
  });

  it("reports when a rollout stops and when it continues", () => {
    const { look } = reporter();
    const deployments = [deployment("gpu", { replicas: 1, template: "t2" })];
    const old = pod("a");
    const at = (stage: PodStage) => look({ deployments, pods: [old, pod("b", { template: "t2", stage })] });
    look({ pods: [old] });
    expect(at("unscheduled")).toEqual([expect.stringMatching(/^Warning RolloutBlocked: the rollout of group gpu is stopped/)]);
    expect(at("unscheduled")).toEqual([]);
    expect(at("starting")).toEqual(["Normal RolloutResumed: rolling out: 1 worker left to replace"]);
    expect(at("warm")).toEqual([]);
  });

  it("names at most five workers that drain", () => {
    const quick = pool({ ...gpuOnly, scaling: { scaleDownAfter: "0s" } });
    const pods = Array.from({ length: 8 }, (_, index) => pod(`w${index}`));
    const drained = reporter()
      .look({ pods }, quick)
      .find((event) => event.includes("Draining"));
    expect(drained).toMatch(/^Normal Draining: cordoned (w\d, ){4}w\d and 2 more: no new launches/);
  });
});
