import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { toolPath, until } from "../controlplane/index.ts";

/** A line of a container's log. */
export interface LogLine {
  /** Time in ms since 1970, of the container runtime. */
  readonly atMs: number;
  readonly text: string;
}

/** Follows the log of a container, which stays readable after the pod is gone. */
export class PodLog implements Disposable {
  readonly #lines: LogLine[] = [];
  readonly #child: ChildProcess;

  static async follow(kubeconfig: string, namespace: string, pod: string, container: string): Promise<PodLog> {
    const args = ["logs", "--follow", "--timestamps", `--namespace=${namespace}`, pod, `--container=${container}`];
    return new PodLog(
      spawn(await toolPath("kubectl"), [`--kubeconfig=${kubeconfig}`, ...args], { stdio: ["ignore", "pipe", "ignore"] }),
    );
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) return;
    createInterface(child.stdout).on("line", (line) => {
      const [time = "", ...words] = line.split(" ");
      this.#lines.push({ atMs: Date.parse(time), text: words.join(" ") });
    });
  }

  /** @returns the first line that matches, which may come within two minutes. */
  async line(pattern: RegExp): Promise<LogLine> {
    let found: LogLine | undefined;
    await until(`a line ${pattern.source} in the log`, 120_000, async () => {
      found = this.#lines.find(({ text }) => pattern.test(text));
      return found !== undefined;
    });
    if (found === undefined) throw new Error("unreachable");
    return found;
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}
