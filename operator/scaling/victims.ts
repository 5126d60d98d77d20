/**
 * Selects the victims of a scale-down and the moment when their removal is safe. The same order selects the workers to cordon
 * and predicts the pods that the ReplicaSet controller deletes, so the plan matches the outcome.
 */

export interface WorkerState {
  readonly pod: string;
  readonly uid: string;
  readonly createdAtMs: number;
  readonly scheduled: boolean;
  readonly running: boolean;
  /** The pod's Ready condition, warm gate included. */
  readonly ready: boolean;
  /** Sessions and launches in flight on this worker, over all gateways. */
  readonly busy: number;
  /** Absent if the worker is not cordoned. */
  readonly cordonedAtMs?: number;
  /** A user drains it: it stays cordoned, and is removed once it is idle. Absent: no. */
  readonly drainRequested?: boolean;
  /** Every gateway has acknowledged that it sends no more launches to this worker. */
  readonly cordonAcknowledged: boolean;
  /** The deletion cost of its pod is already low. */
  readonly released: boolean;
  /** Free slots that its load blocks. Absent: none. */
  readonly blocked?: number;
  readonly revision: string;
}

export interface ShrinkStep {
  readonly cordon: readonly WorkerState[];
  readonly uncordon: readonly WorkerState[];
  /** Workers without sessions that every gateway has cordoned. They get the low deletion cost before replicas are lowered. */
  readonly release: readonly WorkerState[];
  /** Idle workers whose pods are deleted, so that the Deployment replaces them. */
  readonly replace: readonly WorkerState[];
  /** Number of replicas to remove. */
  readonly lowerBy: number;
  /** Of `lowerBy`: replicas without a pod, such as those that a quota rejects. They are removed at once. */
  readonly unfilled: number;
  /** What the other victims wait for, as a phrase; empty if nothing is left. */
  readonly waitingFor: string;
}

/** The step that changes nothing. */
export const noStep: ShrinkStep = { cordon: [], uncordon: [], release: [], replace: [], lowerBy: 0, unfilled: 0, waitingFor: "" };

/**
 * During a rollout the Deployment distributes a change over two ReplicaSets whose sizes change at the same time. A replica
 * without a pod may be one that is being replaced.
 */
export const waitForRollout: ShrinkStep = { ...noStep, waitingFor: "a rollout is under way" };

/** No scale-down while the watch lacks workers: Kubernetes would choose from all pods, not only from those that it shows. */
export function waitForView(unseenWorkers: number): ShrinkStep {
  return { ...noStep, waitingFor: `the watch to show ${unseenWorkers} workers that gateways report` };
}

/**
 * The next step from `replicas` workers to `target`.
 *
 * Expected flow: cordon -> every gateway acknowledges -> sessions end -> release. Each call returns what can be done now.
 * The next call continues from the resulting state, also after a restart, because the cordon is an annotation of the pod.
 *
 * Guarantees: a worker that has sessions, or that a gateway may still send launches to, is never released. No more workers are
 * cordoned than the scale-down removes. If demand returns, the busiest are uncordoned first.
 *
 * @param workers pods of the group that are not being deleted.
 * @param oneReplicaSet whether all replicas belong to one ReplicaSet, including those without a pod. Otherwise the missing pods
 * may belong to one ReplicaSet while another one would lose a busy worker.
 */
export function shrink(workers: readonly WorkerState[], replicas: number, target: number, oneReplicaSet: boolean): ShrinkStep {
  const surplus = replicas - target;
  const cordoned = cordonedOf(workers);
  // Pods and replicas differ: the ReplicaSet controller or the watch is behind. A released worker must keep its low cost until
  // its pod is gone, or Kubernetes would delete another one.
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

/** Removes all workers of every revision. Once none has a session, the order in which Kubernetes deletes them is irrelevant. */
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

/** The worker has no session and gets none. */
export function isIdle(worker: WorkerState): boolean {
  return worker.busy === 0 && (worker.cordonAcknowledged || !worker.running);
}

/**
 * Sorts the victims: first workers that cannot serve yet, in the order of Kubernetes, so no other pod precedes the chosen ones;
 * then those that are cordoned, so the choice is stable; then those with the fewest sessions; then the youngest.
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

/** Start-up stage of a worker, as far as it determines the deletion order of Kubernetes. */
function stage({ scheduled, running, ready }: WorkerState): number {
  if (!scheduled) return 0;
  if (!running) return 1;
  return ready ? 3 : 2;
}

/**
 * The largest set of idle workers of one ReplicaSet that its controller will certainly delete if replicas are lowered by the size
 * of the set. The controller deletes unscheduled pods first, then pods that do not run, then pods that are not ready. The
 * deletion cost decides only among equals, so every worker that precedes the idle ones must be idle too. An idle worker may
 * become ready before the controller acts: then a busy worker that is not ready precedes it, whatever its cost.
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

/** What the cordoned workers wait for, as a phrase. */
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
