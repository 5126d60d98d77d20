import type { WorkerState } from "../scaling/victims.ts";
import { type Plan, plan } from "./plan.ts";
import type { Members, Snapshot } from "./snapshot.ts";
import type { PodView } from "./views.ts";

/** Sessions that no gateway tells of end unseen: look again. */
const LOOK_AGAIN_MS = 5_000;
const LOOKS_AT_ONCE = 32;

export interface Considered {
  /** The world with the sessions that the last look found. */
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** When to look again, where a worker that was to go turned out not to be empty. */
  readonly lookAgainMs: number | undefined;
}

/**
 * Plans, and looks at every worker that is to go before anything is done about it: one that is not empty counts as busy, and
 * the plan is made anew. So what the plan says is what happens.
 * @param isEmpty false while a worker has sessions, or does not say.
 */
export async function planWithVerifiedVictims(
  observed: Snapshot,
  isEmpty: (worker: PodView) => Promise<boolean>,
): Promise<Considered> {
  const empty = new Set<string>();
  const busy = new Set<string>();
  let snapshot = observed;
  // Ends: every turn looks at workers that none looked at before, and one that is busy is not let go.
  for (;;) {
    const planned = plan(snapshot);
    const unseen = leaving(snapshot, planned).filter(({ uid }) => !empty.has(uid));
    if (unseen.length === 0) return { snapshot, plan: planned, lookAgainMs: busy.size === 0 ? undefined : LOOK_AGAIN_MS };
    await Promise.all(
      unseen.slice(0, LOOKS_AT_ONCE).map(async (pod) => {
        ((await isEmpty(pod)) ? empty : busy).add(pod.uid);
      }),
    );
    snapshot = withSessions(snapshot, busy);
  }
}

function leaving(snapshot: Snapshot, planned: Plan): readonly PodView[] {
  const steps = [
    ...planned.groups.flatMap((group) => (group.kind === "scale" ? group.step : [])),
    ...planned.retire.map(({ step }) => step),
  ];
  const uids = new Set(steps.flatMap(({ release }) => release.map(({ uid }) => uid)));
  return [...snapshot.groups, ...snapshot.retired].flatMap(({ members }) => members.pods.filter(({ uid }) => uids.has(uid)));
}

function withSessions(snapshot: Snapshot, busy: ReadonlySet<string>): Snapshot {
  const atLeastOne = (worker: WorkerState) => (busy.has(worker.uid) ? { ...worker, busy: Math.max(1, worker.busy) } : worker);
  const seen = <T extends { readonly members: Members }>(group: T): T => ({
    ...group,
    members: { ...group.members, workers: group.members.workers.map(atLeastOne) },
  });
  return { ...snapshot, groups: snapshot.groups.map(seen), retired: snapshot.retired.map(seen) };
}
