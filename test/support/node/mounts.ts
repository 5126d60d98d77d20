import { readFile } from "node:fs/promises";
import { runChecked } from "../controlplane/run.ts";

/** Unmounts everything below a folder: the volumes and file systems of containers that have ended. */
export async function unmountBelow(folder: string): Promise<void> {
  const points = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  const below = points.filter((point) => point.startsWith(`${folder}/`)).reverse();
  // Lazily: a process that has just ended may still hold one.
  if (below.length > 0) await runChecked("umount", ["--lazy", ...below], "end the processes that use them");
}
