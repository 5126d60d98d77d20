import type { WorkerState, WorkerTile } from "../../../operator/api/console.ts";
import { plural } from "../../ui/figures.ts";

export const workerStates = [
  "warm",
  "warming",
  "starting",
  "pending",
  "cordoned",
  "draining",
  "failing",
] as const satisfies readonly WorkerState[];

export const stateMeanings: Readonly<Record<WorkerState, string>> = {
  warm: "serves sessions",
  warming: "ready, loads presets",
  starting: "its containers start",
  pending: "has no node",
  cordoned: "takes no launches",
  draining: "ends after its sessions",
  failing: "does not work",
};

/** Slots by use. A worker that does not serve yet has no free slot. */
export function cellsOf({ slots, sessions, reserved, blocked }: WorkerTile): {
  readonly busy: number;
  readonly reserved: number;
  readonly blocked: number;
  readonly free: number;
} {
  return { busy: sessions, reserved, blocked, free: Math.max(0, slots - sessions - reserved - blocked) };
}

/** The slots in words: `2 busy, 1 reserved, 1 free of 4 slots`. */
export function slotsText(worker: WorkerTile): string {
  const { busy, reserved, blocked, free } = cellsOf(worker);
  const parts = [
    [busy, "busy"],
    [reserved, "reserved"],
    [blocked, "blocked"],
    [free, worker.state === "warm" ? "free" : "not usable yet"],
  ] as const;
  const used = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return `${used.length === 0 ? "none" : used.join(", ")} of ${plural(worker.slots, "slot")}`;
}

/** Marks beside the state. */
export function marksOf({ protected: isProtected, outdated }: WorkerTile): readonly string[] {
  return [...(isProtected ? ["protected from eviction"] : []), ...(outdated ? ["runs an earlier revision of its group"] : [])];
}

/** Everything that the tile shows, for screen readers. */
export function workerLabel(worker: WorkerTile): string {
  return [`${worker.pod}: ${worker.state}`, slotsText(worker), ...marksOf(worker), worker.why].join("; ");
}

/** Workers by state, without states that no worker has. */
export function stateCounts(workers: readonly WorkerTile[]): readonly { readonly state: WorkerState; readonly count: number }[] {
  return workerStates
    .map((state) => ({ state, count: workers.filter((worker) => worker.state === state).length }))
    .filter(({ count }) => count > 0);
}
