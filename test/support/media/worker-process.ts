import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import path from "node:path";
import { engineOf } from "../../../operator/engines/index.ts";
import type { PodIdentity } from "../fleet/pod.ts";
import type { RunningWorker, WorkerStart } from "../fleet/running-worker.ts";

const root = path.join(import.meta.dirname, "..", "..", "..");
const sources = path.join(root, "workers", "essence", "src");
const agent = path.join(import.meta.dirname, "silent_agent.py");
const dieWithParent = path.join(root, "test", "support", "die_with_parent.py");

export interface Programs {
  /** Path of the Python interpreter with the worker's packages. */
  readonly python: string;
  /** Folder of the logs. */
  readonly folder: string;
}

/**
 * A real worker in place of a pod's container, on the pod's address and with the pod's variables: `python -m essence_worker`, or a
 * LiveKit agent for an engine to which LiveKit dispatches jobs.
 */
export class WorkerProcess implements RunningWorker {
  readonly pod: PodIdentity;
  readonly url: string;
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;

  /** Rejects if the interpreter cannot be started. */
  static async start(start: WorkerStart, programs: Programs): Promise<WorkerProcess> {
    const worker = new WorkerProcess(start, programs);
    await once(worker.#child, "spawn");
    return worker;
  }

  private constructor({ engine, env, pod, podIP, folder }: WorkerStart, programs: Programs) {
    const { port, jobs } = engineOf(engine);
    const program = jobs === undefined ? ["essence_worker"] : ["livekit.agents", "start", agent];
    this.pod = pod;
    this.url = `http://${podIP}:${port}`;
    const log = openSync(path.join(programs.folder, `${pod.namespace}-${pod.name}.log`), "a");
    this.#child = spawn(programs.python, [dieWithParent, ...program], {
      env: {
        PATH: process.env.PATH ?? "",
        PYTHONPATH: sources,
        PYTHONUNBUFFERED: "1",
        ...env,
        HOST: podIP,
        PORT: String(port),
        // The folder of the pod's volume. An expression pod has none: the test card then accepts every image.
        BITHUMAN_MODEL_PATH: folder,
      },
      stdio: ["pipe", log, log],
    });
    closeSync(log);
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(error.message));
      this.#child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(_reason: string, killed: AbortSignal): Promise<void> {
    this.#child.kill("SIGTERM");
    if (killed.aborted) this.kill();
    else killed.addEventListener("abort", () => this.kill(), { once: true });
    await this.exited;
  }

  /** As a crash or the kernel's out-of-memory killer ends it. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
