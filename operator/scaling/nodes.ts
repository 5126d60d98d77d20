/**
 * Limits the workers without a node. A Pending worker costs nothing by itself. But the plan counts on it for launches that
 * another group could serve, and each one makes a cluster autoscaler buy a node.
 *
 * The operator first requests all workers and waits a minute, because a cluster autoscaler acts on Pending pods. Then at most 4
 * may stay Pending, after another minute 2, then 1, which stays as a probe. When all of them have nodes, the allowance doubles.
 * Workers that a quota rejects are treated the same way.
 */

/** Time for the scheduler and an autoscaler to find a node, before a worker counts as not obtainable. */
export const NODE_PATIENCE_MS = 60_000;
const FIRST_PROBES = 4;

export interface NodeShortage {
  /** Maximum number of workers that may wait for a node at the same time. */
  readonly allowance: number;
  readonly changedAtMs: number;
}

export interface Placement {
  readonly replicas: number;
  /** Pods that have a node. */
  readonly placed: number;
  /** Workers without a node, including those whose pod was rejected. */
  readonly waiting: readonly { readonly createdAtMs: number; readonly unschedulable: boolean }[];
}

export interface NodeLimit {
  readonly placed: number;
  /** Workers that the plan may count on. */
  readonly obtainable: number;
  /** Workers that may be requested: the obtainable ones and the probes. */
  readonly asked: number;
}

export interface NodeOutlook {
  /** State to keep; undefined if no node is lacking. */
  readonly shortage: NodeShortage | undefined;
  /** Undefined means no limit. */
  readonly limit: NodeLimit | undefined;
  /** When the outlook changes without an event. */
  readonly dueMs: number | undefined;
}

/** How many workers of a group are obtainable, judged by those that wait for nodes. */
export function nodeOutlook(before: NodeShortage | undefined, placement: Placement, nowMs: number): NodeOutlook {
  const { replicas, placed, waiting } = placement;
  const refused = waiting.filter(({ unschedulable }) => unschedulable).map(({ createdAtMs }) => createdAtMs);
  const oldestMs = Math.min(...refused);
  const judgedMs = Math.max(oldestMs, before?.changedAtMs ?? Number.NEGATIVE_INFINITY) + NODE_PATIENCE_MS;
  const shortage = next(before, placement, nowMs >= judgedMs, nowMs);
  const dueMs = refused.length === 0 || nowMs >= judgedMs ? undefined : judgedMs;
  if (shortage === undefined) return { shortage, limit: undefined, dueMs };

  // Requested workers that the view does not show yet count as existing: a lagging view must not remove them.
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
  // Nodes are available again: double the allowance until it no longer limits anything.
  const allowance = before.allowance * 2;
  return allowance >= Math.max(2 * FIRST_PROBES, placed) ? undefined : { allowance, changedAtMs: nowMs };
}
