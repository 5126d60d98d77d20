import { setTimeout as sleep } from "node:timers/promises";
import { startControlPlane } from "../support/controlplane/index.ts";
import { ensureBundle } from "../support/product/bundle.ts";
import { Product } from "../support/product/product.ts";
import type { ScenarioResult } from "./figures.ts";
import { memoryOf } from "./usage.ts";

/** Long enough for a major garbage collection after the start. */
const IDLE_MS = 60_000;

/** From `helm install` until a gateway and the leading operator are ready, and their memory without a pool. */
export async function install(): Promise<ScenarioResult> {
  await ensureBundle(console.error);
  await using plane = await startControlPlane({ nodes: [] });
  const startMs = performance.now();
  const seconds = () => Math.round((performance.now() - startMs) / 100) / 10;
  await using product = await Product.install(plane, "bundle");
  const helmSeconds = seconds();
  const gateway = await product.startGateway();
  const operator = await product.startOperator();
  const readySeconds = seconds();
  await sleep(IDLE_MS);
  const memory = { operator: await memoryOf(operator.process), gateway: await memoryOf(gateway.process) };
  return {
    figures: [
      { name: "seconds from helm install until operator and gateway are ready", value: readySeconds, limit: 15 },
      { name: "operator MB, idle", value: memory.operator.residentMb, limit: 130 },
      { name: "gateway MB, idle", value: memory.gateway.residentMb, limit: 125 },
    ],
    details: { helmSeconds, memory },
  };
}
