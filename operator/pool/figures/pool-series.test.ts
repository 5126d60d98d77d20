import { describe, expect, it } from "vitest";
import { gpuOnly, NOW_MS, pod, podObject, pool } from "../../../test/support/pools.ts";
import { createRegistry, exposition } from "../../telemetry/metrics.ts";
import { operatorMetrics } from "../../telemetry/operator-metrics.ts";
import { podView } from "../views.ts";
import { PoolSeries } from "./pool-series.ts";

/** @param pullMs how long the images of every start were pulled. */
function setup(pullMs?: number) {
  const registry = createRegistry({ process: false });
  const series = new PoolSeries(operatorMetrics(registry), { of: async (_pod, isNeeded) => (isNeeded() ? pullMs : undefined) });
  const lines = async (matching = /pool="support"/) =>
    (await exposition(registry)).text.split("\n").filter((line) => matching.test(line) && !line.includes("_bucket"));
  return { series, lines };
}
const { config } = pool({ ...gpuOnly, credits: {} });
const of = 'namespace="avatars",pool="support"';
const second = (at: number) => new Date(NOW_MS + at * 1_000).toISOString();

/** A pod that got its node after 2 s, started after 12 s, and was ready after 32 s. */
function started(warmAfterS: number | undefined, restartCount = 0) {
  const { metadata, spec } = podObject("a", { createdAtMs: NOW_MS });
  const condition = (type: string, at: number) => ({ type, status: "True", lastTransitionTime: second(at) });
  const worker = {
    name: "worker",
    image: "",
    imageID: "",
    ready: true,
    restartCount,
    state: { running: { startedAt: second(12) } },
  };
  const conditions = [condition("PodScheduled", 2), condition("ContainersReady", 32)];
  if (warmAfterS !== undefined) conditions.push(condition("avatarpool.dev/warm", warmAfterS));
  return podView({ metadata: metadata!, spec: spec!, status: { phase: "Running", conditions, containerStatuses: [worker] } });
}

describe("the series of a pool", () => {
  it("are set, start their counters at zero, and are removed with the group and the pool", async () => {
    const { series, lines } = setup();
    series.show(config, [{ metric: "queued", labels: {}, value: 3 }], ["gpu", "cpu"]);
    expect(await lines()).toEqual([
      `avatarpool_queued_launches{${of}} 3`,
      ...["gpu", "cpu"].flatMap((group) =>
        ["up", "down"].map((direction) => `avatarpool_scale_changes_total{${of},group="${group}",direction="${direction}"} 0`),
      ),
      `avatarpool_credits_total{${of},mode="self-hosted"} 0`,
      `avatarpool_credits_total{${of},mode="cloud"} 0`,
    ]);
    series.show(config, [{ metric: "pressure", labels: {}, value: 1 }], ["gpu"]);
    expect(await lines(/queued|pressure{|cpu/)).toEqual([
      expect.stringMatching(/^# HELP/),
      expect.stringMatching(/^# TYPE/),
      `avatarpool_pressure{${of}} 1`,
    ]);
    series.forget("avatars/support");
    expect(await lines()).toEqual([]);
  });

  it("have their values in any order of the figures", async () => {
    const { series, lines } = setup();
    const sessions = (preset: string, value: number) => ({ metric: "sessions", labels: { preset }, value }) as const;
    series.show(config, [sessions("maya", 1), sessions("leo", 2)], []);
    series.show(config, [sessions("leo", 3), sessions("zoe", 4), sessions("maya", 5)], []);
    expect((await lines()).filter((line) => line.includes("preset"))).toEqual([
      `avatarpool_sessions{${of},preset="maya"} 5`,
      `avatarpool_sessions{${of},preset="leo"} 3`,
      `avatarpool_sessions{${of},preset="zoe"} 4`,
    ]);
  });

  const stage = (name: string) => `avatarpool_cold_start_duration_seconds_sum{${of},group="gpu",stage="${name}"}`;
  const warmMs = NOW_MS + 39_700;

  it("measure the stages of a worker's first start, if it was not warm when it was first seen", async () => {
    const { series, lines } = setup(7_250);
    series.show(config, [], ["gpu"]);
    series.podChanged(started(40), undefined, warmMs);
    series.podChanged(started(40, 1), started(undefined, 1), warmMs);
    expect(await lines(/cold_start.*_count/)).toEqual([]);
    series.podChanged(started(40), started(undefined), warmMs);
    series.podChanged(started(40), started(40), warmMs);
    expect(await lines(/cold_start.*_sum/)).toEqual([
      `${stage("schedule")} 2`,
      `${stage("load")} 20`,
      `${stage("warm")} 7.7`,
      `${stage("pull")} 7.25`,
      `${stage("create")} 2.75`,
    ]);
    series.clear();
    expect(await lines()).toEqual([]);
  });

  it("do not count an unknown pull, nor the time that contains it", async () => {
    const { series, lines } = setup();
    series.show(config, [], ["gpu"]);
    series.podChanged(started(40), started(undefined), warmMs);
    expect(await lines(/cold_start.*_sum/)).toEqual([`${stage("schedule")} 2`, `${stage("load")} 20`, `${stage("warm")} 7.7`]);
  });

  it("need no pull of a pool that is gone", async () => {
    const { series, lines } = setup(7_250);
    series.show(config, [], ["gpu"]);
    series.podChanged(started(40), started(undefined), warmMs);
    series.clear();
    expect(await lines()).toEqual([]);
  });

  it("measure a drain from the cordon, or from the deletion, until the pod is gone; only of shown pools", async () => {
    const { series, lines } = setup();
    const drained = () => lines(/drain_duration_seconds_(sum|count)/);
    series.podChanged(undefined, pod("a", { cordonedAtMs: NOW_MS }), NOW_MS + 60_000);
    expect(await drained()).toEqual([]);
    series.show(config, [], ["gpu"]);
    series.podChanged(undefined, pod("a", { cordonedAtMs: NOW_MS }), NOW_MS + 60_000);
    series.podChanged(undefined, pod("b", { deleting: true, graceSeconds: 3_600, endsAtMs: NOW_MS + 3_600_000 }), NOW_MS + 5_000);
    series.podChanged(undefined, pod("c"), NOW_MS);
    series.podChanged(undefined, pod("d", { stage: "pending", deleting: true }), NOW_MS);
    expect(await drained()).toEqual([
      `avatarpool_drain_duration_seconds_sum{${of},group="gpu"} 65`,
      `avatarpool_drain_duration_seconds_count{${of},group="gpu"} 2`,
    ]);
  });
});
