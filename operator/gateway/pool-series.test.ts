import { expect, it } from "vitest";
import { gatewayHarness } from "../../test/support/gateway/harness.ts";
import { testPool } from "../../test/support/gateway/pool.ts";
import { gatewayMetrics } from "../telemetry/gateway-metrics.ts";
import { createRegistry, exposition } from "../telemetry/metrics.ts";
import { PoolSeries } from "./pool-series.ts";

it("starts the counters of a pool at zero, and removes its series when it is gone, also those of late launches", async () => {
  const registry = createRegistry({ process: false });
  const metrics = gatewayMetrics(registry);
  const { clock, core, pool } = gatewayHarness(testPool());
  const pools = [pool];
  const series = new PoolSeries({ metrics, directory: { pools: () => pools }, core, clock });
  const lines = async () => {
    series.update();
    return (await exposition(registry)).text.split("\n").filter((line) => line.includes(`pool="${pool.name}"`));
  };
  const labels = { namespace: pool.namespace, pool: pool.name };
  const late = () => {
    metrics.launches.inc({ ...labels, outcome: "worker_failed", path: "warm" });
    metrics.sessionsEnded.inc({ ...labels, outcome: "lost" });
    metrics.startupSeconds.observeLaunch({ ...labels, path: "overflow" }, 1, undefined);
    for (const stage of ["worker", "first frame"]) metrics.stageSeconds.observeLaunch({ ...labels, stage }, 1, undefined);
  };
  const first = await lines();
  const ofLaunches = (outcome: string, path: string) =>
    `avatarpool_launches_total{namespace="${pool.namespace}",pool="${pool.name}",outcome="${outcome}",path="${path}"}`;
  expect(first).toContain(`${ofLaunches("served", "warm")} 0`);
  expect(first).toContain(`${ofLaunches("deadline_exceeded", "queued")} 0`);
  expect(first).toContain(`avatarpool_gateway_queued_launches{namespace="${pool.namespace}",pool="${pool.name}"} 0`);
  late();
  expect(await lines()).toContain(`${ofLaunches("worker_failed", "warm")} 1`);
  pools.pop();
  expect(await lines()).toEqual([]);
  late();
  expect(await lines()).toEqual([]);
  pools.push(pool);
  expect(await lines()).toEqual(first);
});
