import { readdir } from "node:fs/promises";
import { engineOf } from "../../../operator/engines/index.ts";
import type { Clock } from "../../../operator/runtime/clock.ts";
import type { Ledger } from "./ledger.ts";
import { workerProfile } from "./profile.ts";
import { seededRandom } from "./random.ts";
import type { WorkerStart } from "./running-worker.ts";
import { StandInWorker } from "./worker.ts";

interface StandInOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly ledger: Ledger;
}

/** Starts the stand-in for one run of a worker's container. */
export async function startStandIn(
  { engine, env, pod, podIP, folder }: WorkerStart,
  { clock, seed, ledger }: StandInOptions,
): Promise<StandInWorker> {
  const { port, volumes, withoutModels } = engineOf(engine);
  const needsModels = withoutModels === undefined || env[withoutModels.name] !== withoutModels.value;
  const readsFolder = needsModels && volumes.some(({ source }) => source.kind === "assets");
  return StandInWorker.start({
    pod,
    host: podIP,
    port,
    profile: workerProfile(engine, env, seededRandom(seed, pod.name)),
    ...(readsFolder && { models: await modelsIn(folder) }),
    clock,
    ledger,
  });
}

async function modelsIn(folder: string): Promise<ReadonlySet<string>> {
  const files = await readdir(folder).catch(() => []);
  return new Set(files.filter((file) => file.endsWith(".imx")).map((file) => file.slice(0, -".imx".length)));
}
