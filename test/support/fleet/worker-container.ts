import { readdir } from "node:fs/promises";
import { type EngineName, engineOf } from "../../../operator/engines/index.ts";
import type { Clock } from "../../../operator/runtime/clock.ts";
import type { Exit } from "./container-runner.ts";
import type { Environment } from "./container-start.ts";
import type { Ledger } from "./ledger.ts";
import type { Container, PodIdentity } from "./pod.ts";
import { probeSettings, runProbe } from "./probe.ts";
import { workerProfile } from "./profile.ts";
import { seededRandom } from "./random.ts";
import { StandInWorker } from "./worker.ts";

export interface WorkerContainerOptions {
  readonly container: Container;
  readonly engine: EngineName;
  readonly env: Environment;
  readonly pod: PodIdentity;
  readonly podIP: string;
  /** Folder of the pod's models. */
  readonly folder: string;
  readonly clock: Clock;
  readonly seed: number;
  readonly ledger: Ledger;
  /** Aborts when the pod is deleted. */
  readonly ending: AbortSignal;
  readonly onWorker: (worker: StandInWorker | undefined) => void;
  readonly onProbed: (found: { readonly started?: boolean; readonly ready?: boolean }) => void;
}

/** Exit code of a killed process. */
const KILLED_EXIT_CODE = 137;

/** Runs a worker once. Resolves when its process has ended by a crash, a failed startup probe, or a stop. */
export async function runWorkerContainer(options: WorkerContainerOptions): Promise<Exit> {
  const worker = await startWorker(options).catch((error: unknown) => String(error));
  if (typeof worker === "string") return { exitCode: 1, message: worker };
  options.onWorker(worker);
  if (options.ending.aborted) await worker.stop("the pod was deleted");
  const over = new AbortController();
  const probes = probe(options, worker, over.signal).catch((error: unknown) => worker.stop(String(error)));
  const message = await worker.exited;
  options.onWorker(undefined);
  over.abort();
  await probes;
  return { exitCode: KILLED_EXIT_CODE, message };
}

async function startWorker({
  engine,
  env,
  pod,
  podIP,
  folder,
  clock,
  seed,
  ledger,
}: WorkerContainerOptions): Promise<StandInWorker> {
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

/** The startup probe until it passes, then the readiness probe until the worker has ended. */
async function probe(options: WorkerContainerOptions, worker: StandInWorker, over: AbortSignal): Promise<void> {
  const { container, podIP, clock, ending, onProbed } = options;
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
    if (decided.signal.aborted && !passed) return worker.stop("the startup probe failed");
    if (!passed) return;
  }
  if (over.aborted) return;
  onProbed({ started: true, ready: readinessProbe === undefined });
  if (readinessProbe === undefined) return;
  await runProbe(probeSettings(readinessProbe, container, podIP), clock, over, (verdict) => {
    onProbed({ ready: verdict === "success" });
  });
}

async function modelsIn(folder: string): Promise<ReadonlySet<string>> {
  const files = await readdir(folder).catch(() => []);
  return new Set(files.filter((file) => file.endsWith(".imx")).map((file) => file.slice(0, -".imx".length)));
}
