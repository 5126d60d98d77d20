import { readdir, readFile } from "node:fs/promises";
import type { MemorySample } from "./verdict.ts";

/** Programs of the product that run in pods. Their containers' processes are in the PID namespace of this machine. */
export type Role = "operator" | "gateway" | "drain-hook" | "worker";

interface ProductProcess {
  readonly pid: number;
  readonly role: Role;
  readonly mebibytes: number;
}

const ROLES = ["operator", "gateway", "drain-hook"] as const;

export async function productProcesses(): Promise<readonly ProductProcess[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
  return (await Promise.all(pids.map(readProcess))).filter((found) => found !== undefined);
}

/** The largest process of each role. */
export async function memorySample(): Promise<MemorySample> {
  const mebibytes: Partial<Record<Role, number>> = {};
  for (const { role, mebibytes: its } of await productProcesses()) mebibytes[role] = Math.max(mebibytes[role] ?? 0, its);
  return { atMs: Date.now(), mebibytes };
}

async function readProcess(pid: number): Promise<ProductProcess | undefined> {
  try {
    const [command, status] = await Promise.all(["cmdline", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8")));
    const role = roleOf((command ?? "").split("\0"));
    const kibibytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status ?? "")?.[1]);
    return role && { pid, role, mebibytes: Math.round(kibibytes / 1_024) };
  } catch {
    // It has ended.
    return undefined;
  }
}

function roleOf(command: readonly string[]): Role | undefined {
  if (command.includes("essence_worker")) return "worker";
  const script = command.findIndex((word) => word.endsWith("avatarpool.mjs"));
  return script < 0 ? undefined : ROLES.find((role) => role === command[script + 1]);
}
