import type { PoolLoad } from "../../api/load-report.ts";

/** The load of a worker over all gateways. */
export interface WorkerLoadView {
  readonly sessions: number;
  readonly reserved: number;
  readonly slots: number;
  /** Whether any gateway reached it with its last probe. */
  readonly ready: boolean;
  /** Whether no connected gateway sends it launches any more. */
  readonly cordonAcknowledged: boolean;
  /** Free slots that its load blocks. */
  readonly blocked: number;
}

/** Waiting launches or sessions over all gateways, by preset. */
export function mergeCounts(reported: readonly Readonly<Record<string, number>>[]): Map<string, number> {
  const merged = new Map<string, number>();
  for (const counts of reported)
    for (const [preset, count] of Object.entries(counts)) if (count > 0) merged.set(preset, (merged.get(preset) ?? 0) + count);
  return merged;
}

/**
 * Sessions are the count of the worker itself, so the largest report counts. Reservations belong to one gateway each, so they add
 * up. A gateway that does not report a worker sends it no launches.
 */
export function mergeWorkers(loads: readonly PoolLoad[]): Map<string, WorkerLoadView> {
  const merged = new Map<string, WorkerLoadView>();
  for (const { workers } of loads) {
    for (const worker of workers) {
      const known = merged.get(worker.uid);
      merged.set(worker.uid, {
        sessions: Math.max(known?.sessions ?? 0, worker.sessions),
        reserved: (known?.reserved ?? 0) + worker.reserved,
        slots: worker.slots,
        ready: (known?.ready ?? false) || worker.ready,
        cordonAcknowledged: (known?.cordonAcknowledged ?? true) && worker.cordoned,
        blocked: Math.max(known?.blocked ?? 0, worker.blocked ?? 0),
      });
    }
  }
  return merged;
}
