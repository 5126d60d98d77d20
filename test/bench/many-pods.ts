import { until } from "../support/controlplane/index.ts";
import { listOf, poolManifest, withCluster } from "./cluster.ts";
import type { ScenarioResult } from "./figures.ts";
import { memoryOf } from "./usage.ts";
import { makeWarmPods } from "./warm-pods.ts";

const POOLS = 100;
const WORKERS_PER_GROUP = 50;
const PODS = POOLS * 2 * WORKERS_PER_GROUP;
const LIMIT_MS = 180_000;

/**
 * Ten thousand ready and warm pods, created from the templates of the operator's Deployments. The operator receives each change
 * through its watch; then a second operator starts and reads all pods as a list.
 */
export function manyPods(): Promise<ScenarioResult> {
  return withCluster({ kwok: false }, async (cluster) => {
    const { product, kubectl } = cluster;
    const first = await product.startOperator();
    const size = [WORKERS_PER_GROUP, WORKERS_PER_GROUP] as const;
    const pools = Array.from({ length: POOLS }, (_, index) => poolManifest(`pool-${index}`, { gpu: size, cpu: size }));
    await kubectl(["create", "-f", "-"], listOf(pools));
    await makeWarmPods(cluster, 2 * POOLS, WORKERS_PER_GROUP);
    const watched = await memoryOf(first.process);
    await first.process.stop();

    const startMs = performance.now();
    const second = await product.startOperator();
    await until("the new leader", LIMIT_MS, async () => /^avatarpool_leader 1$/m.test(await metricsOf(second.url)));
    await until("every pool reconciled", LIMIT_MS, async () => reconciles(await metricsOf(second.url)) >= POOLS);
    const listed = await memoryOf(second.process);
    return {
      figures: [
        { name: "operator MB at most, pods by watch", value: watched.peakMb, limit: 250 },
        { name: "operator MB at most, pods by list", value: listed.peakMb, limit: 250 },
      ],
      details: {
        pods: PODS,
        watched,
        listed,
        secondsFromStartToEveryPoolLookedAt: Math.round(performance.now() - startMs) / 1_000,
      },
    };
  });
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

function reconciles(metrics: string): number {
  return Number(/^workqueue_work_duration_seconds_count\{name="pool"\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}
