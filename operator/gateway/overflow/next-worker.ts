import type { GroupConfig } from "../../api/pool-config.ts";

/** What is known of a worker that may be on its way. */
export interface PendingWorker {
  readonly group: string;
  readonly usable: boolean;
  readonly cordoned: boolean;
  readonly terminating: boolean;
  readonly record: { readonly createdAtMs: number };
}

/** A worker that needs this many times its cold start is stuck: it has no node, or crashes. */
const STUCK = 2;

/**
 * In how many ms a further worker of these groups may be ready at the earliest: one that starts, or one that may be added;
 * undefined when every group is at its maximum and none starts.
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
