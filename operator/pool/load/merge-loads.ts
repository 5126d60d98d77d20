import type { PoolLoad } from "../../api/load-report.ts";

/** What all gateways together say of a worker. */
export interface WorkerLoadView {
  readonly sessions: number;
  readonly reserved: number;
  readonly slots: number;
  /** Some gateway reached it lately. */
  readonly ready: boolean;
  /** No connected gateway sends it launches any more. */
  readonly cordonAcknowledged: boolean;
}

/** Launches that wait at all gateways, by preset. */
export function mergeQueues(loads: readonly PoolLoad[]): Map<string, number> {
  const queued = new Map<string, number>();
  for (const load of loads)
    for (const [preset, count] of Object.entries(load.queued)) if (count > 0) queued.set(preset, (queued.get(preset) ?? 0) + count);
  return queued;
}

/**
 * Sessions are the worker's own count, so the largest that any gateway saw; reservations are each gateway's own, so they
 * add up. A gateway that does not list a worker does not know it, and so sends it nothing.
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
      });
    }
  }
  return merged;
}
