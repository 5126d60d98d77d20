import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** Settings of the workers. */
export interface ControlOrder {
  readonly ready: boolean;
  readonly slots: number;
  /** Length of a session. Undefined: until too many sessions run. */
  readonly sessionMs: number | undefined;
  /**
   * Number of sessions from the start on, if sessions have no length. For each session that begins another one ends, so the
   * occupancy stays the same.
   */
  readonly heldSessions: number;
  /** Response time of a launch. */
  readonly answerMs: number;
}

/** Counts of the workers since the last settings. */
export interface WorkerCounts {
  readonly launches: number;
  readonly refused: number;
  readonly probes: number;
  readonly sessions: number;
  /** Sum of the held sessions at the arrival of each launch. */
  readonly sessionsSeen: number;
  /** Largest number of concurrent launches on one worker. */
  readonly mostAnswering: number;
  /** Rooms in the order in which the workers accepted their launches. */
  readonly rooms: readonly string[];
}

export interface LightWorkers extends AsyncDisposable {
  tell(order: Partial<ControlOrder>): Promise<void>;
  counts(): Promise<WorkerCounts>;
}

/** Starts the process of the stand-in workers: see worker-server.ts. */
export async function startLightWorkers(count: number): Promise<LightWorkers> {
  const main = path.join(import.meta.dirname, "worker-server.ts");
  const child = spawn(process.execPath, [main, String(count)], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const line = await Promise.race([once(child.stdout, "data"), exited.then(() => undefined)]);
  if (line === undefined) throw new Error("the worker process ended before it listened; check whether its port is in use");
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
