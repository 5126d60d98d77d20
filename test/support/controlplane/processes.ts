import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import type { SupervisorReport, SupervisorRequest } from "./supervisor-messages.ts";

/** Lines of a component's log that an error repeats. */
const ERROR_LINES = 15;

/** A component under the supervisor. */
export interface Component {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit code or signal: "code 1", "SIGKILL". Never rejects. */
  readonly ended: Promise<string>;
}

interface Entry {
  readonly component: Promise<Component>;
  readonly started: (pid: number) => void;
  readonly failed: (error: Error) => void;
  readonly ended: (how: string) => void;
  pid: number | undefined;
}

/** The processes of one control plane. They end, and their folder is removed, soon after this process has ended in any way. */
export class Processes {
  readonly folder: string;
  /** First address of the network that is reserved for these processes. */
  readonly address: string;
  readonly #supervisor: ChildProcess;
  readonly #entries = new Map<string, Entry>();
  #ending = false;

  private constructor(folder: string, address: string, supervisor: ChildProcess) {
    this.folder = folder;
    this.address = address;
    this.#supervisor = supervisor;
    supervisor.on("message", (report: SupervisorReport) => this.#onReport(report));
    supervisor.once("exit", () => this.#onSupervisorExit());
  }

  /** Starts the supervisor. `folder` must exist; the supervisor removes it. */
  static async start(folder: string): Promise<Processes> {
    const log = openSync(path.join(folder, "supervisor.log"), "a");
    const supervisor = fork(path.join(import.meta.dirname, "supervisor.ts"), [folder], {
      detached: true,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      env: { PATH: process.env.PATH },
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    const exited = once(supervisor, "exit").then(async () => {
      throw new Error(`the supervisor did not start:\n${await endOf(path.join(folder, "supervisor.log"))}`);
    });
    const [report] = (await Promise.race([once(supervisor, "message"), exited])) as [SupervisorReport];
    exited.catch(() => {});
    if (report.kind === "ready") return new Processes(folder, report.address, supervisor);
    supervisor.disconnect();
    throw new Error(report.kind === "failed" ? report.message : `unexpected report ${report.kind}`);
  }

  /** Starts a program. An earlier program with the same name must have ended. Its output is in `<folder>/<name>.log`. */
  start(name: string, command: string, args: readonly string[]): Promise<Component> {
    const { promise: component, resolve, reject } = Promise.withResolvers<Component>();
    const { promise: ended, resolve: markEnded } = Promise.withResolvers<string>();
    const entry: Entry = {
      component,
      started: (pid) => resolve({ name, pid, ended }),
      failed: reject,
      ended: markEnded,
      pid: undefined,
    };
    this.#entries.set(name, entry);
    this.#send({ kind: "start", name, command, args });
    return component;
  }

  /** SIGKILL; resolves when the component has ended. */
  async kill(name: string): Promise<void> {
    const component = await this.#entries.get(name)?.component;
    if (component === undefined) return;
    this.#send({ kind: "kill", name });
    await component.ended;
  }

  /** The last lines of a component's log, with a heading. */
  async logEnd(name: string): Promise<string> {
    return `The end of the log of ${name}:\n${await endOf(path.join(this.folder, `${name}.log`))}`;
  }

  /** Ends all processes and removes the folder. */
  async end(): Promise<void> {
    this.#ending = true;
    if (this.#supervisor.exitCode !== null || this.#supervisor.signalCode !== null) return;
    const exited = once(this.#supervisor, "exit");
    if (this.#supervisor.connected) this.#supervisor.disconnect();
    await exited;
  }

  #send(request: SupervisorRequest): void {
    this.#supervisor.send(request, () => {});
  }

  #onReport(report: SupervisorReport): void {
    if (report.kind !== "started" && report.kind !== "ended") return;
    const entry = this.#entries.get(report.name);
    if (entry === undefined) return;
    if (report.kind === "started") {
      entry.pid = report.pid;
      entry.started(report.pid);
    } else {
      entry.pid = undefined;
      entry.failed(new Error(`${report.name} did not start: ${report.how}`));
      entry.ended(report.how);
    }
  }

  #onSupervisorExit(): void {
    if (this.#ending) return;
    // The supervisor was killed, so this process does its work.
    process.emitWarning(`the supervisor of ${this.folder} was killed, so its control plane ends`);
    for (const [name, entry] of this.#entries) {
      if (entry.pid !== undefined) tryKill(entry.pid);
      entry.failed(new Error(`${name} did not start: its supervisor was killed`));
      entry.ended("SIGKILL");
    }
    rm(this.folder, { recursive: true, force: true, maxRetries: 5 }).catch(() => {});
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has already ended.
  }
}

async function endOf(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "(no log)");
  return text.trim().split("\n").slice(-ERROR_LINES).join("\n");
}
