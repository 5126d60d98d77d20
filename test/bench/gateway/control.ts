import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** What the workers are told. */
export interface ControlOrder {
  readonly ready: boolean;
  readonly slots: number;
  /** Mean length of a session. */
  readonly sessionMs: number;
  /** How long a launch takes to be answered. */
  readonly answerMs: number;
  readonly addresses?: readonly string[];
  /** Sessions that are running from the start. */
  readonly busySlots?: number;
}

/** What the workers tell, since they were told last. */
export interface WorkerCounts {
  readonly launches: number;
  readonly refused: number;
  readonly probes: number;
  readonly sessions: number;
  /** The most launches that any one of them was answering at once. */
  readonly mostAnswering: number;
  /** Rooms in the order in which their launches were taken. */
  readonly rooms: readonly string[];
}

export interface LightWorkers extends AsyncDisposable {
  readonly port: number;
  tell(order: Partial<ControlOrder>): Promise<void>;
  counts(): Promise<WorkerCounts>;
}

/** Starts the process of light workers: see worker-server.ts. */
export async function startLightWorkers(): Promise<LightWorkers> {
  const main = path.join(import.meta.dirname, "worker-server.ts");
  const child = spawn(process.execPath, [main], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(String(line).trim());
  const url = `http://127.0.0.1:${port}/control`;
  return {
    port,
    tell: async (order) => {
      await fetch(url, { method: "POST", body: JSON.stringify(order) });
    },
    counts: async () => (await (await fetch(url)).json()) as WorkerCounts,
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

/** Addresses of so many workers, none of them 127.0.0.1. */
export function addressesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `127.${100 + (at >> 14)}.${(at >> 7) & 127}.${(at & 127) + 1}`);
}
