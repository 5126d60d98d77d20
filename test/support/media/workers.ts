import { systemClock } from "../../../operator/runtime/clock.ts";
import { runPods } from "../fleet/run-pods.ts";
import { type Programs, WorkerProcess } from "./worker-process.ts";

/** The real workers of one cluster, and the kubelet that runs them. */
export interface Workers extends AsyncDisposable {
  /** The workers that run. */
  running(): readonly WorkerProcess[];
}

export async function startWorkers(kubeconfig: string, programs: Programs): Promise<Workers> {
  const running = new Set<WorkerProcess>();
  const stop = await runPods({
    kubeconfig,
    clock: systemClock,
    seed: 1,
    onLog: (line) => console.error(line),
    startWorker: async (start) => {
      const worker = await WorkerProcess.start(start, programs);
      running.add(worker);
      void worker.exited.then(() => running.delete(worker));
      return worker;
    },
  });
  return { running: () => [...running], [Symbol.asyncDispose]: stop };
}
