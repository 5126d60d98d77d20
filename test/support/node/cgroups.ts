import { existsSync, readdirSync } from "node:fs";
import { copyFile, mkdir, readFile, rmdir } from "node:fs/promises";
import path from "node:path";
import { until } from "../controlplane/until.ts";

const ROOT = "/sys/fs/cgroup";
const PREFIX = "avatarpool-node";

/** Cgroup of a node's pods. `AVATARPOOL_MACHINE` is the process that owns the namespaces, as it is known outside of them. */
export function nodeCgroup(name: string): string {
  return `/${PREFIX}-${process.env.AVATARPOOL_MACHINE ?? process.pid}-${name}`;
}

/** Creates a cgroup under every controller, as the kubelet requires. */
export async function createCgroup(cgroup: string): Promise<void> {
  for (const controller of controllers()) {
    const folder = path.join(ROOT, controller, cgroup);
    await mkdir(folder);
    if (controller !== "cpuset") continue;
    // It begins without processors and memory.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) await copyFile(path.join(ROOT, controller, file), path.join(folder, file));
  }
}

/** Ends all processes in a cgroup by SIGKILL and removes it, under every controller. */
export async function removeCgroup(cgroup: string): Promise<void> {
  for (const controller of controllers()) {
    const folder = path.join(ROOT, controller, cgroup);
    if (existsSync(folder)) await removeFolder(folder);
  }
}

/** Removes the cgroups of namespaces whose owner has ended, or is `ended`. Call it from outside of all of them. */
export async function removeAbandonedCgroups(ended?: string): Promise<void> {
  for (const controller of controllers()) {
    for (const name of readdirSync(path.join(ROOT, controller))) {
      const owner = name.match(new RegExp(`^${PREFIX}-(\\d+)-`))?.[1];
      if (owner !== undefined && (owner === ended || !existsSync(`/proc/${owner}`)))
        await removeFolder(path.join(ROOT, controller, name));
    }
  }
}

/** Cgroups of version 1 have a hierarchy for each controller, those of version 2 have one in all. */
function controllers(): readonly string[] {
  if (existsSync(path.join(ROOT, "cgroup.controllers"))) return [""];
  return readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

async function removeFolder(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeFolder(path.join(folder, entry.name));
  }
  await until(`${folder} to be removed`, 10_000, async () => {
    for (const pid of (await readFile(path.join(folder, "cgroup.procs"), "utf8")).split("\n").filter(Boolean))
      endProcess(Number(pid));
    await rmdir(folder);
    return true;
  });
}

/** SIGKILL, if the process still runs. */
export function endProcess(pid: number): void {
  try {
    // 0: a process of another PID namespace.
    if (pid > 0) process.kill(pid, "SIGKILL");
  } catch {
    // It has already ended.
  }
}
