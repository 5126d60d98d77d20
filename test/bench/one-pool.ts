import { setTimeout as sleep } from "node:timers/promises";
import { avatarPools } from "../../operator/kube/resource-types.ts";
import type { KubeObject } from "../../operator/kube/types.ts";
import { requestCounts, requestsBetween, writesOf } from "../support/api-requests.ts";
import { until } from "../support/controlplane/index.ts";
import { startFleet } from "../support/fleet/index.ts";
import { listOf, NAMESPACE, poolManifest, withCluster } from "./cluster.ts";
import type { ScenarioResult } from "./figures.ts";
import { memoryOf } from "./usage.ts";

const WORKERS = 50;
const LIMIT_MS = 240_000;
/** Workers start faster than real ones by this factor. */
const TIME_FACTOR = 20;
const QUIET_MS = 10_000;
const NODE = { cpu: "256", memory: "4096Gi" };

/** One pool whose 50 workers start and become warm, then a quiet time: the resources of a typical installation. */
export function onePool(): Promise<ScenarioResult> {
  const nodes = [{ name: "gpu-0", gpus: WORKERS, ...NODE }];
  return withCluster({ nodes }, async ({ plane, product, admin, kubectl }) => {
    await using _fleet = await startFleet({ kubeconfig: plane.kubeconfig, timeFactor: TIME_FACTOR });
    const gateway = await product.startGateway();
    const operator = await product.startOperator();
    await kubectl(["create", "-f", "-"], listOf([poolManifest("support", { gpu: [WORKERS, WORKERS] })]));
    const startMs = performance.now();
    await until("all workers warm", LIMIT_MS, async () => {
      type Pool = KubeObject & { readonly status?: { readonly groups?: readonly { readonly warm: number }[] } };
      const pool = await admin.get<Pool>(avatarPools, { namespace: NAMESPACE, name: "support" });
      return pool?.status?.groups?.[0]?.warm === WORKERS;
    });
    const warmMs = performance.now() - startMs;
    const before = await requestCounts(plane);
    await sleep(QUIET_MS);
    const quiet = requestsBetween(before, await requestCounts(plane));
    const memory = { operator: await memoryOf(operator.process), gateway: await memoryOf(gateway.process) };
    return {
      figures: [
        { name: "operator MB at most", value: memory.operator.peakMb, limit: 150 },
        { name: "gateway MB at most", value: memory.gateway.peakMb, limit: 130 },
      ],
      details: { workers: WORKERS, secondsUntilWarm: Math.round(warmMs / 1_000), memory, writesInTenQuietSeconds: writesOf(quiet) },
    };
  });
}
