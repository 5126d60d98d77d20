/**
 * Which workers go when a group shrinks, and when it is safe to let them go. One function decides whom to cordon and the
 * same order tells whom the ReplicaSet controller will delete, so that what was planned is what happens.
 */

export interface WorkerState {
  readonly pod: string;
  readonly uid: string;
  readonly createdAtMs: number;
  /** A node was found for it. */
  readonly scheduled: boolean;
  /** Its containers run. */
  readonly running: boolean;
  /** The pod's Ready condition, warm gate included. */
  readonly ready: boolean;
  /** Sessions and launches under way to it, over all gateways. */
  readonly busy: number;
  /** When it was cordoned. */
  readonly cordonedAtMs?: number;
  /** Every gateway has said that it sends it no more launches. */
  readonly cordonAcknowledged: boolean;
  /** Its deletion cost is already lowered. */
  readonly released: boolean;
  /** The revision that its Deployment gave it. */
  readonly revision: string;
}

export interface ShrinkStep {
  readonly cordon: readonly WorkerState[];
  readonly uncordon: readonly WorkerState[];
  /** Empty and acknowledged: to be given the low deletion cost, then replicas are lowered by exactly this many. */
  readonly release: readonly WorkerState[];
  /** By so many replicas are lowered. */
  readonly lowerBy: number;
  /** Of those: replicas that no pod exists for, such as those that a quota refuses: given up at once. */
  readonly unfilled: number;
  /** What keeps the rest, in words; empty when nothing does. */
  readonly waitingFor: string;
}

/** The step that changes nothing. */
export const noStep: ShrinkStep = { cordon: [], uncordon: [], release: [], lowerBy: 0, unfilled: 0, waitingFor: "" };

/**
 * A Deployment in the middle of a rollout spreads a change over two ReplicaSets, whose sizes are changing themselves. A replica
 * that no pod exists for may be one that is about to be replaced.
 */
export const waitForRollout: ShrinkStep = { ...noStep, waitingFor: "a rollout is under way" };

/** Nobody goes while the view lacks workers: those that it shows are not all that Kubernetes would choose from. */
export function waitForView(unseenWorkers: number): ShrinkStep {
  return { ...noStep, waitingFor: `the watch to show ${unseenWorkers} workers that gateways reach` };
}

/**
 * The next step from `replicas` workers to `target`.
 *
 * Expected flow: cordon -> every gateway acknowledges -> sessions end -> release. Each call returns what can be done now;
 * called again on the world that results, it goes on from there, also after a restart, since a cordon stands on the pod.
 *
 * Guarantees: a worker that is busy, or that a gateway may still send launches to, is never released; as many workers are
 * cordoned as are to go, and no more; when demand returns the busiest are uncordoned first.
 *
 * @param workers pods of the group that are not being deleted.
 * @param oneReplicaSet all replicas are of one ReplicaSet, those without a pod too. Else one that is refused its pods may have
 * them, and another one lose a busy worker in its place.
 */
export function shrink(workers: readonly WorkerState[], replicas: number, target: number, oneReplicaSet: boolean): ShrinkStep {
  const surplus = replicas - target;
  const cordoned = cordonedOf(workers);
  // Pods and replicas disagree: the ReplicaSet controller, or our view of it, is still on its way. What was released must
  // keep its low cost until it is gone, or another would be taken.
  const unsettled = { ...noStep, waitingFor: `${workers.length} pods exist for ${replicas} replicas` };
  const rollingOut = new Set(workers.map((worker) => worker.revision)).size > 1;
  if (rollingOut && target === 0 && surplus > 0) return emptied(workers, replicas);
  if (workers.length > replicas) return unsettled;
  if (surplus <= 0) return { ...noStep, uncordon: cordoned };
  if (rollingOut) return waitForRollout;
  if (workers.length < replicas) {
    if (!oneReplicaSet) return unsettled;
    const unfilled = replicas - Math.max(target, workers.length);
    return { ...unsettled, lowerBy: unfilled, unfilled };
  }

  const victims = new Set([...workers].sort(leastDisturbing).slice(0, surplus));
  const cordon = [...victims].filter((worker) => worker.cordonedAtMs === undefined);
  const uncordon = cordoned.filter((worker) => !victims.has(worker));
  const leaving = cordoned.filter((worker) => victims.has(worker));
  const idle = leaving.filter(isIdle);
  const release = releasable(workers, idle);
  return { ...noStep, cordon, uncordon, release, lowerBy: release.length, waitingFor: waitingFor(leaving, idle, release) };
}

/** All are to go, whatever revision they have: then it does not matter whom Kubernetes takes first, once none has a session. */
function emptied(workers: readonly WorkerState[], replicas: number): ShrinkStep {
  const cordon = workers.filter((worker) => worker.cordonedAtMs === undefined);
  const leaving = cordonedOf(workers);
  const idle = leaving.filter(isIdle);
  const release = idle.length === workers.length ? idle : [];
  return { ...noStep, cordon, release, lowerBy: Math.min(release.length, replicas), waitingFor: waitingFor(leaving, idle, idle) };
}

export function cordonedOf(workers: readonly WorkerState[]): readonly WorkerState[] {
  return workers.filter((worker) => worker.cordonedAtMs !== undefined);
}

/** It has no session, and gets none. */
export function isIdle(worker: WorkerState): boolean {
  return worker.busy === 0 && (worker.cordonAcknowledged || !worker.running);
}

/**
 * Whom to take first: who cannot serve yet, in Kubernetes' own order, so that nobody precedes those that we chose; then who
 * is cordoned already, so that the choice does not wander; then who serves fewest; then the youngest.
 */
export function leastDisturbing(a: WorkerState, b: WorkerState): number {
  return (
    stage(a) - stage(b) ||
    Number(b.cordonedAtMs !== undefined) - Number(a.cordonedAtMs !== undefined) ||
    a.busy - b.busy ||
    b.createdAtMs - a.createdAtMs ||
    (a.pod < b.pod ? -1 : 1)
  );
}

/** How far a worker has come, as far as Kubernetes heeds it. */
function stage({ scheduled, running, ready }: WorkerState): number {
  if (!scheduled) return 0;
  if (!running) return 1;
  return ready ? 3 : 2;
}

/**
 * The largest set of idle workers of one ReplicaSet that its controller will surely choose when replicas are lowered by its size.
 * It deletes unscheduled pods first, then those that do not run, then those that are not ready, and only among equals does
 * the deletion cost decide; so a worker that precedes every idle one must be idle itself. An idle worker may become ready
 * before the controller looks: then it no longer precedes a busy one that is not, whatever its cost.
 * Source: `ActivePodsWithRanks` in Kubernetes `pkg/controller/controller_utils.go`.
 */
export function releasable(workers: readonly WorkerState[], idle: readonly WorkerState[]): readonly WorkerState[] {
  const chosen = new Set(idle);
  const order = [...workers].sort((a, b) => stage(a) - stage(b) || Number(chosen.has(b)) - Number(chosen.has(a)));
  const firstKept = order.findIndex((worker) => !chosen.has(worker));
  const kept = order[firstKept];
  if (kept === undefined) return order;
  const first = order.slice(0, firstKept);
  const mayBeOvertaken = workers.some((worker) => worker.busy > 0 && worker.running && !worker.ready);
  return mayBeOvertaken ? first.filter((worker) => !worker.running) : first;
}

/** What keeps those that are cordoned, in words. */
export function waitingFor(leaving: readonly WorkerState[], idle: readonly WorkerState[], release: readonly WorkerState[]): string {
  const busy = leaving.filter((worker) => worker.busy > 0);
  if (busy.length > 0) {
    const sessions = busy.reduce((total, worker) => total + worker.busy, 0);
    return `${sessions} sessions on ${busy.length} cordoned workers to end`;
  }
  if (idle.length < leaving.length) return "gateways to acknowledge the cordon";
  if (release.length < idle.length) return "workers that are not ready yet, which Kubernetes would delete first";
  return "";
}
