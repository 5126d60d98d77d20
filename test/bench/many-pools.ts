import { setTimeout as sleep } from "node:timers/promises";
import { deployments } from "../../operator/kube/resource-types.ts";
import { requestCounts, requestsBetween, writesOf } from "../support/api-requests.ts";
import { type Cluster, listOf, NAMESPACE, poolManifest, withCluster } from "./cluster.ts";
import type { ScenarioResult } from "./figures.ts";
import { cpuBetween, cpuSeconds, memoryOf } from "./usage.ts";

const POOLS = 1_000;
const DEPLOYMENTS = 2 * POOLS;
const LIMIT_MS = 300_000;
const QUIET_MS = 3_000;
/** Long, because every poll takes time from the measured API server. */
const POLL_MS = 500;

/**
 * One kubectl creates a thousand pools of two groups. No controller manager runs, so only the operator and the API server are
 * measured and the Deployments have no pods.
 */
export function manyPools(): Promise<ScenarioResult> {
  return withCluster({ kwok: false }, async (cluster) => {
    const { plane, product, kubectl } = cluster;
    const operator = await product.startOperator();
    const before = { requests: await requestCounts(plane), cpu: await cpuSeconds(plane, operator.process) };
    const pools = listOf(
      Array.from({ length: POOLS }, (_, index) => poolManifest(`pool-${index}`, { gpu: [1, 10], cpu: [1, 20] })),
    );
    const startMs = performance.now();
    let kubectlMs = 0;
    const created = kubectl(["create", "-f", "-"], pools).then(() => {
      kubectlMs = performance.now() - startMs;
    });
    while ((await countDeployments(cluster)) < DEPLOYMENTS) {
      if (performance.now() - startMs > LIMIT_MS) throw new Error(`not all Deployments exist after ${LIMIT_MS / 1_000} s`);
      await sleep(POLL_MS);
    }
    const deploymentsMs = performance.now() - startMs;
    await created;
    const reconciledMs = (await untilQuiet(cluster)) - startMs;
    const after = { requests: await requestCounts(plane), cpu: await cpuSeconds(plane, operator.process) };
    const memory = await memoryOf(operator.process);
    return {
      figures: [
        { name: "seconds until all Deployments exist", value: round(deploymentsMs / 1_000), limit: 25 },
        { name: "operator MB at most", value: memory.peakMb, limit: 220 },
      ],
      details: {
        kubectlSeconds: round(kubectlMs / 1_000),
        // When the status of the last pool was written.
        settledSeconds: round(reconciledMs / 1_000),
        operatorMb: memory,
        cpuSeconds: cpuBetween(before.cpu, after.cpu),
        requests: requestsBetween(before.requests, after.requests),
      },
    };
  });
}

async function countDeployments({ admin }: Cluster): Promise<number> {
  const { items, remaining = 0 } = await admin.list(deployments, { namespace: NAMESPACE, limit: 1 });
  return items.length + remaining;
}

/** Time of the last request that changed an object. */
async function untilQuiet({ plane }: Cluster): Promise<number> {
  let lastMs = performance.now();
  let last = await writes(plane);
  while (performance.now() - lastMs < QUIET_MS) {
    await sleep(POLL_MS);
    const now = await writes(plane);
    if (now !== last) lastMs = performance.now();
    last = now;
  }
  return lastMs;
}

async function writes(plane: Cluster["plane"]): Promise<number> {
  const counts = writesOf(Object.fromEntries(await requestCounts(plane)));
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
