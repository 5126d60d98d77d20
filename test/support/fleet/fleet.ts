import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { KubeClient } from "../../../operator/kube/client.ts";
import { systemClock } from "../../../operator/runtime/clock.ts";
import { createLogger } from "../../../operator/telemetry/logger.ts";
import { Kubelet } from "./kubelet.ts";
import { type FleetTotals, Ledger } from "./ledger.ts";
import { seededRandom } from "./random.ts";
import { scaledClock } from "./scaled-clock.ts";
import type { Failure } from "./served-worker.ts";
import type { StandInWorker } from "./worker.ts";

export interface FleetOptions {
  /** Path. The user needs permission to read nodes, pods and secrets, to write the status of pods, and to delete pods. */
  readonly kubeconfig: string;
  /** 1: real time. 20: all simulated delays are 20 times shorter. */
  readonly timeFactor?: number;
  /** Seed of the random differences between workers. */
  readonly seed?: number;
  /** Receives warnings and errors, one JSON object per line. */
  readonly onLog?: (line: string) => void;
}

/** The stand-in workers of one cluster, and the kubelet that runs them. */
export interface Fleet extends AsyncDisposable {
  /** The worker of a pod in any namespace; undefined while its process does not run. */
  worker(podName: string): StandInWorker | undefined;
  workers(): StandInWorker[];
  readonly totals: FleetTotals;
  /**
   * Starts a failure of a worker. It lasts until the worker restarts or the failure is set to `none`.
   * @throws RangeError if no worker of that pod runs.
   */
  fail(podName: string, failure: Failure): void;
  /** Ends all workers without counting their sessions as killed, and does not change the pods. */
  stop(): Promise<void>;
}

/** Resolves once the fleet has listed the cluster's pods. Throws if the cluster is unreachable or has real nodes. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { kubeconfig, timeFactor = 1, seed = 1, onLog } = options;
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const client = new KubeClient(config, { userAgent: "avatarpool-stand-in-fleet" });
  const folder = await mkdtemp(join(tmpdir(), "avatarpool-fleet-"));
  const ledger = new Ledger();
  const logger = createLogger("fleet", "warn", { write: (line) => onLog?.(line) });
  const clock = scaledClock(systemClock, timeFactor);
  const kubelet = new Kubelet({ client, clock, seed, ledger, logger, folder }, seededRandom(seed, "kubelet"));

  const stop = async () => {
    ledger.close();
    await kubelet.stop();
    await client.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await kubelet.start();
  } catch (error) {
    await stop();
    throw error;
  }

  const workers = () => [...kubelet.lives()].flatMap(({ worker }) => worker ?? []);
  const worker = (podName: string) => workers().find(({ pod }) => pod.name === podName);
  return {
    worker,
    workers,
    get totals() {
      return ledger.totals;
    },
    fail(podName, failure) {
      const target = worker(podName);
      if (target === undefined) throw new RangeError(`no worker runs in a pod named "${podName}"`);
      target.fail(failure);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
