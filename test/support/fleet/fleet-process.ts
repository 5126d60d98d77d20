import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import type { FleetTotals } from "./ledger.ts";
import type { Task } from "./tasks.ts";

/** The stand-in fleet as a separate process, so that its work does not delay the measuring process. */
export class FleetProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #control: string;

  private constructor(child: ChildProcess, control: string) {
    this.#child = child;
    this.#control = control;
  }

  /** Resolves once the fleet has listed the cluster's pods. @throws Error with its output if it exits before that. */
  static async start(kubeconfig: string): Promise<FleetProcess> {
    const flags = [
      "--disable-warning=ExperimentalWarning",
      "--import",
      path.join(import.meta.dirname, "..", "die-with-parent.mjs"),
    ];
    const args = [...flags, path.join(import.meta.dirname, "main.ts"), "--kubeconfig", kubeconfig];
    const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = `${said}${text}`.slice(-4_000);
    });
    const ended = once(child, "exit").then(() => {
      throw new Error(`the stand-in fleet did not start:\n${said}`);
    });
    const [line] = await Promise.race([once(createInterface(child.stdout), "line"), ended]);
    ended.catch(() => {});
    const { control }: { readonly control: { readonly port: number } } = JSON.parse(String(line));
    return new FleetProcess(child, `http://127.0.0.1:${control.port}`);
  }

  totals(): Promise<FleetTotals> {
    return this.#get("/totals");
  }

  /** The tasks of all workers that run. */
  tasks(): Promise<readonly Task[]> {
    return this.#get("/tasks");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #get<T>(call: string): Promise<T> {
    const response = await fetch(`${this.#control}${call}`, { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) throw new Error(`the stand-in fleet responded to ${call} with status ${response.status}`);
    return (await response.json()) as T;
  }
}
