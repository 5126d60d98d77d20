import type { EngineName } from "../../../operator/engines/index.ts";
import type { Environment } from "./container-start.ts";
import type { PodIdentity } from "./pod.ts";

/** One run of the program in a worker's container: a stand-in, or a real process of this machine. */
export interface RunningWorker {
  /** Base address of its HTTP API. */
  readonly url: string;
  /** Resolves with the reason when it has ended. */
  readonly exited: Promise<string>;
  /** Ends it as SIGTERM does, and immediately once `killed` aborts. Resolves when it has ended. */
  stop(reason: string, killed: AbortSignal): Promise<void>;
}

export interface WorkerStart {
  readonly engine: EngineName;
  readonly env: Environment;
  readonly pod: PodIdentity;
  readonly podIP: string;
  /** Folder of the pod's models. It does not exist if the pod has none. */
  readonly folder: string;
}

/** Rejects if the program cannot be started. */
export type StartWorker = (start: WorkerStart) => Promise<RunningWorker>;
