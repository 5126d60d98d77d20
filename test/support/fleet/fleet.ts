import { systemClock } from "../../../operator/runtime/clock.ts";
import { type FleetTotals, Ledger } from "./ledger.ts";
import { type RunPodsOptions, runPods } from "./run-pods.ts";
import { scaledClock } from "./scaled-clock.ts";
import type { Failure } from "./served-worker.ts";
import { startStandIn } from "./stand-in.ts";
import type { StandInWorker } from "./worker.ts";

export interface FleetOptions extends Pick<RunPodsOptions, "kubeconfig" | "onLog"> {
  /** 1: real time. 20: all simulated delays are 20 times shorter. */
  readonly timeFactor?: number;
  /** Seed of the random differences between workers. */
  readonly seed?: number;
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
export async function startFleet({ timeFactor = 1, seed = 1, ...options }: FleetOptions): Promise<Fleet> {
  const ledger = new Ledger();
  const clock = scaledClock(systemClock, timeFactor);
  const running = new Set<StandInWorker>();
  const stopPods = await runPods({
    ...options,
    clock,
    seed,
    startWorker: async (start) => {
      const worker = await startStandIn(start, { clock, seed, ledger });
      running.add(worker);
      void worker.exited.then(() => running.delete(worker));
      return worker;
    },
  });
  const stop = () => {
    ledger.close();
    return stopPods();
  };
  const workers = () => [...running];
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
