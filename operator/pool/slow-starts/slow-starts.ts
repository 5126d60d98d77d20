import { earliest } from "../delays.ts";
import type { GroupSnapshot } from "../snapshot.ts";
import type { PodProblem, PodView } from "../views.ts";
import { type PodEvent, REFRESH_MS } from "./pod-events.ts";

/** A scheduled pod that has not started after this time is reported if its latest event is a warning. */
export const WARNING_PATIENCE_MS = 30_000;
/** Number of pods per group whose events are read: all pods of a group usually wait for the same reason. */
const PODS_OF_A_GROUP = 2;

export interface SlowStarts {
  /** The groups with a problem for each pod that does not start. */
  readonly groups: readonly GroupSnapshot[];
  /** When to look again. */
  readonly dueMs: number | undefined;
}

/**
 * Finds scheduled pods that do not start. A kubelet that fails to mount a volume or to create the pod's sandbox reports this in
 * events only, while the containers' state stays `ContainerCreating`. Such a pod is reported after 30 s if its latest event is
 * a warning, else after the time limit of the engine's startup probe.
 * @param latestEvent returns the latest known event of a pod.
 */
export function withSlowStarts(
  seen: readonly GroupSnapshot[],
  nowMs: number,
  latestEvent: (pod: PodView) => PodEvent | undefined,
): SlowStarts {
  const due: (number | undefined)[] = [];
  const groups = seen.map((group) => {
    const limitMs = group.config.engine.startup.limitSeconds * 1_000;
    const waiting = group.members.pods
      .filter(({ starting, problem }) => starting !== undefined && problem === undefined)
      .sort((a, b) => sinceOf(a) - sinceOf(b));
    const slow = waiting.filter((pod) => nowMs - sinceOf(pod) >= WARNING_PATIENCE_MS);
    const looksMs = waiting.map(sinceOf).flatMap((atMs) => [atMs + WARNING_PATIENCE_MS, atMs + limitMs]);
    due.push(...looksMs.filter((atMs) => atMs > nowMs).map((atMs) => atMs - nowMs));
    if (slow.length > 0) due.push(REFRESH_MS);
    const problems = new Map<string, PodProblem>();
    for (const [index, pod] of slow.entries()) {
      const event = index < PODS_OF_A_GROUP ? latestEvent(pod) : undefined;
      const over = nowMs - sinceOf(pod) >= limitMs;
      if (event?.warning === true || over) problems.set(pod.uid, problemOf(pod, event));
    }
    return problems.size === 0 ? group : withProblems(group, problems);
  });
  return { groups, dueMs: earliest(due) };
}

function problemOf({ starting }: PodView, event: PodEvent | undefined): PodProblem {
  const what = starting?.what ?? "";
  return event === undefined
    ? { reason: "NotStarted", message: what }
    : { reason: event.reason, message: `${what}: "${event.note}"` };
}

function withProblems(group: GroupSnapshot, problems: ReadonlyMap<string, PodProblem>): GroupSnapshot {
  const pods = group.members.pods.map((pod) => {
    const problem = problems.get(pod.uid);
    return problem === undefined ? pod : { ...pod, problem };
  });
  return { ...group, members: { ...group.members, pods } };
}

function sinceOf({ starting }: PodView): number {
  return starting?.sinceMs ?? Number.POSITIVE_INFINITY;
}
