import type { GroupConfig } from "../../api/pool-config.ts";

/** A worker that may be starting. */
export interface PendingWorker {
  readonly group: string;
  readonly usable: boolean;
  readonly cordoned: boolean;
  readonly terminating: boolean;
  readonly record: { readonly createdAtMs: number };
}

/** A worker that has started for this multiple of its cold start is stuck: it has no node, or crashes. */
const STUCK = 2;

/**
 * Shortest time in ms until a further worker of these groups may be ready: one that is starting, or one that may be added.
 * Undefined if every group has its maximum and no worker is starting.
 */
export function nextWorkerMs(groups: readonly GroupConfig[], workers: readonly PendingWorker[], nowMs: number): number | undefined {
  const arrivals = groups.flatMap((group) => {
    const members = workers.filter(({ group: name, cordoned, terminating }) => name === group.name && !cordoned && !terminating);
    const starting = members
      .filter(({ usable }) => !usable)
      .map(({ record }) => nowMs - record.createdAtMs)
      .filter((ageMs) => ageMs < STUCK * group.coldStartMs)
      .map((ageMs) => Math.max(0, group.coldStartMs - ageMs));
    return members.length < group.max ? [...starting, group.coldStartMs] : starting;
  });
  return arrivals.length === 0 ? undefined : Math.min(...arrivals);
}
