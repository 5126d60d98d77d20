import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { KubeClient } from "../../../operator/kube/client.ts";
import type { Clock } from "../../../operator/runtime/clock.ts";
import { createLogger } from "../../../operator/telemetry/logger.ts";
import { Kubelet } from "./kubelet.ts";
import { seededRandom } from "./random.ts";
import type { StartWorker } from "./running-worker.ts";

export interface RunPodsOptions {
  /** Path. The user needs permission to read nodes, pods and secrets, to write the status of pods, and to delete pods. */
  readonly kubeconfig: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly startWorker: StartWorker;
  /** Receives warnings and errors, one JSON object per line. */
  readonly onLog?: (line: string) => void;
}

/**
 * Runs the pods of a cluster with kwok nodes. Resolves once it has listed them. Throws if the cluster is unreachable or has
 * real nodes.
 * @returns a function that ends all workers and does not change the pods.
 */
export async function runPods({ kubeconfig, clock, seed, startWorker, onLog }: RunPodsOptions): Promise<() => Promise<void>> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const client = new KubeClient(config, { userAgent: "avatarpool-stand-in-fleet" });
  const folder = await mkdtemp(join(tmpdir(), "avatarpool-fleet-"));
  const logger = createLogger("fleet", "warn", { write: (line) => onLog?.(line) });
  const kubelet = new Kubelet({ client, clock, startWorker, logger, folder }, seededRandom(seed, "kubelet"));
  const stop = async () => {
    await kubelet.stop();
    await client.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await kubelet.start();
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
