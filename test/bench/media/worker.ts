import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { lineOnStderr, until } from "../../support/controlplane/index.ts";
import { type Programs, WorkerProcess } from "../../support/media/worker-process.ts";
import { essencePython } from "../../support/python.ts";

const READY_MS = 60_000;
const STOP_MS = 5_000;

/** One CPU worker with a test card, without a cluster. */
export interface BenchWorker extends AsyncDisposable {
  readonly worker: WorkerProcess;
  readonly programs: Programs;
  /** From the start of the process until it is ready. */
  readonly readyMs: number;
}

/** @param models number of model files. 0: the worker shows any avatar. */
export async function startBenchWorker(models: number, env: Readonly<Record<string, string>>): Promise<BenchWorker> {
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-bench-"));
  const modelFolder = await mkdtemp(path.join(folder, "models-"));
  for (let n = 0; n < models; n++) await writeFile(path.join(modelFolder, `avatar-${n}.imx`), "a test card needs no model");
  const programs = { python: await essencePython(lineOnStderr), folder };
  const pod = { namespace: "bench", name: "worker", uid: "1" };
  const startMs = performance.now();
  const worker = await WorkerProcess.start(
    { engine: "essence", env: { ESSENCE_RENDERER: "testcard", ...env }, pod, podIP: "127.0.0.9", folder: modelFolder },
    programs,
  );
  await until("the worker to be ready", READY_MS, async () => (await fetch(`${worker.url}/ready`)).ok);
  const readyMs = Math.round(performance.now() - startMs);
  const stop = async () => {
    await worker.stop("the measurement is over", AbortSignal.timeout(STOP_MS));
    await rm(folder, { recursive: true });
  };
  return { worker, programs, readyMs, [Symbol.asyncDispose]: stop };
}
