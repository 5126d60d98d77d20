import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

const root = path.join(import.meta.dirname, "..", "..", "..");

/** The program of a process of the product: its sources, the shipped bundle, or another bundle. */
export type Build = "source" | "bundle" | { readonly file: string };

function entryOf(build: Build): string {
  if (typeof build === "object") return build.file;
  return build === "source" ? path.join(root, "operator", "main.ts") : path.join(root, "dist", "avatarpool.mjs");
}

const nodeFlags = [
  // The flags of the Dockerfile, so that measurements apply to deployments.
  "--max-semi-space-size=16",
  "--heap-growing-percent=50",
  "--import",
  path.join(root, "test", "support", "die-with-parent.mjs"),
];

/** A process of the product, with its log in a file. It ends when its parent process ends in any way. */
export class ProductProcess {
  readonly command: string;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(
    command: string,
    options: { readonly build: Build; readonly env: Readonly<Record<string, string>>; readonly logFile: string },
  ) {
    this.command = command;
    this.logFile = options.logFile;
    // A log file instead of a pipe: reading the log must not slow down the measuring process.
    const log = openSync(options.logFile, "a");
    this.#child = spawn(process.execPath, [...nodeFlags, entryOf(options.build), command], {
      cwd: root,
      env: { PATH: process.env.PATH ?? "", NODE_OPTIONS: "--disable-warning=ExperimentalWarning", ...options.env },
      stdio: ["pipe", log, log],
    });
    closeSync(log);
    this.#exited = once(this.#child, "exit");
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** Ends the process gracefully, or immediately with SIGKILL, and waits for its end. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    if (this.running) this.#child.kill(signal);
    await this.#exited;
  }

  async log(): Promise<string> {
    return readFile(this.logFile, "utf8");
  }

  /** Current resident memory, in MB. */
  async residentMb(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  }
}
