import { readFile } from "node:fs/promises";
import { apiServerMetrics } from "../support/api-requests.ts";
import type { ControlPlane } from "../support/controlplane/index.ts";
import type { ProductProcess } from "../support/product/processes.ts";

/** Clock ticks per second: Linux counts CPU time in ticks. */
const TICKS_PER_SECOND = 100;

/** Resident memory of a process, in MB: current and peak. */
export async function memoryOf(process: {
  readonly pid: number;
}): Promise<{ readonly residentMb: number; readonly peakMb: number }> {
  const status = await readFile(`/proc/${process.pid}/status`, "utf8");
  const megabytes = (field: string) => Math.round(Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);
  return { residentMb: megabytes("VmRSS"), peakMb: megabytes("VmHWM") };
}

/** CPU seconds since the start of each process. */
export interface CpuSeconds {
  readonly operator: number;
  readonly apiServer: number;
  readonly etcd: number;
}

export async function cpuSeconds(plane: ControlPlane, operator: ProductProcess): Promise<CpuSeconds> {
  const etcdUrl = `http://${new URL(plane.url).hostname}:2379/metrics`;
  const etcd = await (await fetch(etcdUrl)).text();
  return { operator: await cpuOf(operator.pid), apiServer: cpuFrom(await apiServerMetrics(plane)), etcd: cpuFrom(etcd) };
}

export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  const used = (part: keyof CpuSeconds) => Math.round((after[part] - before[part]) * 100) / 100;
  return { operator: used("operator"), apiServer: used("apiServer"), etcd: used("etcd") };
}

/** CPU seconds of a process since its start, without its children. */
export async function cpuOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The second field, the name in brackets, may contain spaces; user and system time are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function cpuFrom(metrics: string): number {
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(metrics)?.[1]);
}
