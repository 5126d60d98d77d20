import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** The settings that the workers receive. */
export interface ControlOrder {
  readonly ready: boolean;
  readonly slots: number;
  /** How long a session runs. Undefined: until too many run. */
  readonly sessionMs: number | undefined;
  /**
   * So many sessions run from the start, and no more at any time, where none has a length of its own: with each that begins
   * another one ends, so that the workers stay as full as they are.
   */
  readonly heldSessions: number;
  /** How long a launch takes to be answered. */
  readonly answerMs: number;
}

/** The workers' counts since their last settings. */
export interface WorkerCounts {
  readonly launches: number;
  readonly refused: number;
  readonly probes: number;
  readonly sessions: number;
  /** Held sessions that launches met, all together. */
  readonly sessionsSeen: number;
  /** The most launches that any one of them was answering at once. */
  readonly mostAnswering: number;
  /** Rooms in the order in which their launches were taken. */
  readonly rooms: readonly string[];
}

export interface LightWorkers extends AsyncDisposable {
  tell(order: Partial<ControlOrder>): Promise<void>;
  counts(): Promise<WorkerCounts>;
}

/** Starts the process of light workers: see worker-server.ts. */
export async function startLightWorkers(count: number): Promise<LightWorkers> {
  const main = path.join(import.meta.dirname, "worker-server.ts");
  const child = spawn(process.execPath, [main, String(count)], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const line = await Promise.race([once(child.stdout, "data"), exited.then(() => undefined)]);
  if (line === undefined) throw new Error("the workers ended before they listened: is their port in use?");
  const url = `http://127.0.0.1:${Number(String(line[0]).trim())}/control`;
  return {
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
