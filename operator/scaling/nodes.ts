/**
 * Workers for which no node is found. They cost nothing by themselves, but they are promised to launches that other groups
 * could serve, and each of them makes a cluster autoscaler buy a node.
 *
 * All that are wanted are asked for, and given a minute: a cluster autoscaler looks at pods that wait. Then at most 4 may go on
 * waiting, after a further minute 2, then 1, which stays as a probe. As soon as all of them have found nodes, twice as many
 * may wait: the way back is as careful as the way down. Workers that a quota does not let in are treated alike.
 */

/** Scheduler and autoscaler are given this time before a worker counts as not obtainable. */
export const NODE_PATIENCE_MS = 60_000;
const FIRST_PROBES = 4;

/** What is remembered of a group for which nodes were short. */
export interface NodeShortage {
  /** Most workers that may wait for a node at once. */
  readonly allowance: number;
  readonly changedAtMs: number;
}

export interface Placement {
  /** Workers that the group's Deployment asks for. */
  readonly replicas: number;
  /** Pods that have a node. */
  readonly placed: number;
  /** Those without one, also where there is no pod because it was refused. */
  readonly waiting: readonly { readonly createdAtMs: number; readonly unschedulable: boolean }[];
}

export interface NodeLimit {
  /** Workers that have a node. */
  readonly placed: number;
  /** Workers that demand may count on. */
  readonly obtainable: number;
  /** Workers that may be asked for: those, and the probes. */
  readonly asked: number;
}

export interface NodeOutlook {
  /** To be remembered; undefined while nodes are not short. */
  readonly shortage: NodeShortage | undefined;
  /** Undefined: as many as are wanted. */
  readonly limit: NodeLimit | undefined;
  /** When the outlook changes by itself. */
  readonly dueMs: number | undefined;
}

/** How many workers of a group can be had, judged by those that wait for nodes. */
export function nodeOutlook(before: NodeShortage | undefined, placement: Placement, nowMs: number): NodeOutlook {
  const { replicas, placed, waiting } = placement;
  const refused = waiting.filter(({ unschedulable }) => unschedulable).map(({ createdAtMs }) => createdAtMs);
  const oldestMs = Math.min(...refused);
  const judgedMs = Math.max(oldestMs, before?.changedAtMs ?? Number.NEGATIVE_INFINITY) + NODE_PATIENCE_MS;
  const shortage = next(before, placement, nowMs >= judgedMs, nowMs);
  const dueMs = refused.length === 0 || nowMs >= judgedMs ? undefined : judgedMs;
  if (shortage === undefined) return { shortage, limit: undefined, dueMs };

  // What was asked for and is not seen yet counts as there: a view that lags must not take away what it does not show.
  const existing = Math.max(placed, replicas - waiting.length);
  const asked = existing + shortage.allowance;
  const stuck = oldestMs + NODE_PATIENCE_MS <= nowMs;
  const halvesAgainMs = shortage.allowance > 1 && stuck ? shortage.changedAtMs + NODE_PATIENCE_MS : dueMs;
  return { shortage, limit: { placed, obtainable: stuck ? existing : asked, asked }, dueMs: halvesAgainMs };
}

function next(
  before: NodeShortage | undefined,
  { replicas, placed, waiting }: Placement,
  outOfPatience: boolean,
  nowMs: number,
): NodeShortage | undefined {
  if (outOfPatience) {
    const allowance = before === undefined ? FIRST_PROBES : Math.max(1, Math.min(FIRST_PROBES, Math.floor(before.allowance / 2)));
    return before?.allowance === allowance ? before : { allowance, changedAtMs: nowMs };
  }
  const allPlaced = waiting.length === 0 && placed >= replicas;
  if (before === undefined || !allPlaced) return before;
  // Nodes are found again: twice as many may wait, until that is no bound any more.
  const allowance = before.allowance * 2;
  return allowance >= Math.max(2 * FIRST_PROBES, placed) ? undefined : { allowance, changedAtMs: nowMs };
}
