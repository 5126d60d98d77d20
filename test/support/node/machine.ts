import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { withLock } from "../controlplane/file-lock.ts";
import { allTools, type Progress, toolPath } from "../controlplane/index.ts";
import { cacheFolder } from "../controlplane/tools.ts";
import { ensurePackages } from "../debian.ts";
import { ensureImages } from "../images/index.ts";
import { essencePython } from "../python.ts";
import { removeAbandonedCgroups } from "./cgroups.ts";

const SCRIPT = path.join(import.meta.dirname, "private-machine.sh");
const PACKAGES = [
  ...(["runc", "containernetworking-plugins", "iproute2", "nftables"] as const),
  ...(["iptables", "ipset", "openssl", "procps"] as const),
] as const;

const NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];

/** Why real nodes cannot run here, as a sentence. Undefined: they can. */
export function whyNoNodes(): string | undefined {
  if (process.platform !== "linux") return "Real nodes need Linux.";
  if (process.getuid?.() !== 0) return "Real nodes need root, for containers and network namespaces: run this as root.";
  if (!existsSync("/sys/fs/cgroup/cgroup.controllers") && !existsSync("/sys/fs/cgroup/memory"))
    return "Real nodes need cgroups: mount them at /sys/fs/cgroup.";
  if (spawnSync("unshare", [...NAMESPACES, "--", "mount", "--make-rprivate", "/"]).status !== 0)
    return "Real nodes need namespaces, which this process may not create: run this in a virtual machine or a privileged container.";
  return undefined;
}

/**
 * Runs a program in namespaces where nodes can run, after everything they need is installed, because there is no network inside.
 * One machine at a time: the others wait. Nothing of it is left when this process ends, in any way.
 *
 * @throws Error if the program fails.
 */
export async function runInMachine(command: string, args: readonly string[], progress: Progress): Promise<void> {
  ensurePackages(PACKAGES, progress);
  for (const name of allTools()) await toolPath(name, progress);
  await essencePython(progress);
  await ensureImages(progress);
  await mkdir(cacheFolder(), { recursive: true });
  const waiting = () => progress("  waiting for another process that runs nodes");
  await withLock(path.join(cacheFolder(), "nodes.lock"), waiting, async () => {
    await removeAbandonedCgroups();
    const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-machine-"));
    try {
      await enter(folder, command, args);
    } finally {
      await rm(folder, { recursive: true, maxRetries: 5 });
    }
  });
}

async function enter(folder: string, command: string, args: readonly string[]): Promise<void> {
  const program = ["unshare", ...NAMESPACES, "--", "bash", SCRIPT, folder, command, ...args];
  // Everything inside writes below this folder, also what a killed run would leave.
  const env = { ...process.env, TMPDIR: folder, AVATARPOOL_MACHINE: String(process.pid) };
  const child = spawn("setpriv", ["--pdeathsig=KILL", "--", ...program], { stdio: "inherit", env });
  const end = () => child.kill("SIGKILL");
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  const how = await new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  for (const signal of signals) process.off(signal, end);
  await removeAbandonedCgroups(String(process.pid));
  if (how !== 0) throw new Error(`${[command, ...args].join(" ")} ended with ${how}`);
}
