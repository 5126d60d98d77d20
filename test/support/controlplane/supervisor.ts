/**
 * A separate process that starts the components of one control plane. When its parent process disconnects for any reason,
 * it kills the components, removes their folder and ends. Therefore nothing keeps running after a test was killed.
 *
 * `processes.ts` starts `node supervisor.ts <folder>` with an IPC channel, in a separate session: Ctrl-C on the terminal
 * reaches its parent only.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { reserveNetwork } from "./network.ts";
import type { SupervisorReport, SupervisorRequest } from "./supervisor-messages.ts";

const folder = process.argv[2];
if (folder === undefined || process.send === undefined) throw new Error("supervisor.ts must be started by processes.ts");

const children = new Map<string, ChildProcess>();
let ending = false;

process.on("disconnect", () => void end(folder));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(folder));
process.on("message", (request: SupervisorRequest) => {
  switch (request.kind) {
    case "start":
      return start(folder, request);
    case "kill":
      children.get(request.name)?.kill("SIGKILL");
  }
});

// The parent may have ended while this process loaded.
if (!process.connected) await end(folder);

try {
  // Held until this process ends.
  report({ kind: "ready", address: await reserveNetwork() });
} catch (error) {
  report({ kind: "failed", message: String(error) });
}

function start(cwd: string, { name, command, args }: Extract<SupervisorRequest, { kind: "start" }>): void {
  if (ending) return;
  const log = openSync(path.join(cwd, `${name}.log`), "a");
  const env = { PATH: process.env.PATH, HOME: cwd, TMPDIR: cwd };
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", log, log] });
  closeSync(log);
  children.set(name, child);
  child.on("spawn", () => report({ kind: "started", name, pid: child.pid ?? 0 }));
  child.on("error", (error) => report({ kind: "ended", name, how: error.message }));
  child.on("exit", (code, signal) => report({ kind: "ended", name, how: signal ?? `code ${code}` }));
}

/** SIGKILL immediately: the data is discarded, and a graceful end of the API server would wait for its watches. */
async function end(cwd: string): Promise<void> {
  ending = true;
  const running = [...children.values()].filter(
    (child) => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
  );
  await Promise.all(
    running.map((child) => {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      return exited;
    }),
  );
  await rm(cwd, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

function report(message: SupervisorReport): void {
  if (process.connected) process.send?.(message, () => {});
}
