import type { Clock } from "../../../operator/runtime/clock.ts";
import type { Exit } from "./container-runner.ts";
import type { Container } from "./pod.ts";
import { probeSettings, runProbe } from "./probe.ts";
import type { RunningWorker, StartWorker, WorkerStart } from "./running-worker.ts";

export interface WorkerContainerOptions extends WorkerStart {
  readonly container: Container;
  readonly startWorker: StartWorker;
  readonly clock: Clock;
  /** Aborts when the pod is deleted. */
  readonly ending: AbortSignal;
  /** Aborts when the pod's grace period is over. */
  readonly graceOver: AbortSignal;
  readonly onWorker: (worker: RunningWorker | undefined) => void;
  readonly onProbed: (found: { readonly started?: boolean; readonly ready?: boolean }) => void;
}

/** Exit code of a killed process. */
const KILLED_EXIT_CODE = 137;

/** Runs a worker once. Resolves when its process has ended by a crash, a failed startup probe, or a stop. */
export async function runWorkerContainer(options: WorkerContainerOptions): Promise<Exit> {
  const worker = await options.startWorker(options).catch((error: unknown) => String(error));
  if (typeof worker === "string") return { exitCode: 1, message: worker };
  options.onWorker(worker);
  if (options.ending.aborted) await worker.stop("the pod was deleted", options.graceOver);
  const over = new AbortController();
  const probes = probe(options, worker, over.signal).catch((error: unknown) => worker.stop(String(error), options.graceOver));
  const message = await worker.exited;
  options.onWorker(undefined);
  over.abort();
  await probes;
  return { exitCode: KILLED_EXIT_CODE, message };
}

/** The startup probe until it passes, then the readiness probe until the worker has ended. */
async function probe(options: WorkerContainerOptions, worker: RunningWorker, over: AbortSignal): Promise<void> {
  const { container, podIP, clock, ending, graceOver, onProbed } = options;
  const { startupProbe, readinessProbe } = container;
  if (startupProbe !== undefined) {
    // The kubelet does not run the startup probe of a pod that is being deleted.
    const decided = new AbortController();
    const signal = AbortSignal.any([over, ending, decided.signal]);
    let passed = false;
    await runProbe(probeSettings(startupProbe, container, podIP), clock, signal, (verdict) => {
      passed = verdict === "success";
      decided.abort();
    });
    if (decided.signal.aborted && !passed) return worker.stop("the startup probe failed", graceOver);
    if (!passed) return;
  }
  if (over.aborted) return;
  onProbed({ started: true, ready: readinessProbe === undefined });
  if (readinessProbe === undefined) return;
  await runProbe(probeSettings(readinessProbe, container, podIP), clock, over, (verdict) => {
    onProbed({ ready: verdict === "success" });
  });
}
