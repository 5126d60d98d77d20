import type { V1Deployment, V1PodTemplateSpec } from "@kubernetes/client-node";
import { WARM_GATE } from "../../operator/api/names.ts";
import { keyOf } from "../../operator/kube/types.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { SimApi } from "./api.ts";
import { withReady } from "./api-merge.ts";
import {
  type ApiObject,
  hasFailed,
  isDeleting,
  nodeOf,
  type PodStatus,
  statusOf,
  timeText,
  withConditions,
} from "./api-objects.ts";
import { SimDeployments } from "./deployments.ts";
import type { SimNode } from "./nodes.ts";
import { BROKEN_IMAGE, graceMsOf, imageOf, slotsOf } from "./pod-spec.ts";
import { SimWorker, type SimWorkers } from "./workers.ts";

/** Reason for the deletion of a pod with sessions. */
export type Cause =
  | "scale-down"
  | "rollout"
  | "by-hand"
  | "drain-timeout"
  | "deployment-deleted"
  | "node-lost"
  | "pod-failed"
  | "crash"
  | "startup-probe";

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly api: SimApi;
  readonly workers: SimWorkers;
  readonly nodes: SimNode[];
  readonly coldStartMs: () => number;
  /** A pod with sessions is being deleted or has ended. */
  readonly onDisturbed: (pod: ApiObject, sessions: number, cause: Cause, ended: boolean) => void;
}

interface PodFate {
  readonly owner: string;
  readonly hash: string;
  /** End of its grace period, while it is being deleted. */
  endMs: number;
  /** Its machine does not respond: nothing starts or ends on it. */
  silent?: boolean;
}

/** Delays after a machine failure: until its detection, until its pods are deleted, and until their objects are removed. */
export interface Silence {
  readonly noticedMs: number;
  readonly evictedMs: number;
  readonly removedMs: number;
}

/** The kubelet's startup probe: its period, and the number of consecutive failures that restart the container. */
const STARTUP_PROBE = { periodMs: 5_000, failureThreshold: 12 };

/** The cluster: scheduler, kubelet, garbage collector and the controllers of Deployments, each with its own delays. */
export class SimCluster {
  readonly #options: ClusterOptions;
  readonly #deployments: SimDeployments;
  readonly #fates = new Map<string, PodFate>();
  /** Nodes fail every new pod. */
  refusesAdmission = false;
  #serial = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#deployments = new SimDeployments({
      ...options,
      podsOf: (deployment) => this.podsOf(deployment),
      createPod: (deployment, owner, hash, template) => this.#createPod(deployment, owner, hash, template),
      deletePod: (pod, cause) => this.deletePod(pod, cause),
    });
  }

  /** Whether a quota keeps new pods from being created. */
  get quotaSpent(): boolean {
    return this.#deployments.quotaSpent;
  }

  set quotaSpent(spent: boolean) {
    this.#deployments.quotaSpent = spent;
  }

  /** Pods that their Deployments count, and those that are being deleted. */
  pods(): readonly ApiObject[] {
    return [...this.#options.api.of("pods").values()].filter((pod) => this.#fates.has(pod.metadata.uid) && !hasFailed(pod));
  }

  /** Pods of a Deployment that are not being deleted. */
  podsOf(deployment: string): readonly ApiObject[] {
    return this.pods().filter((pod) => !isDeleting(pod) && this.#fates.get(pod.metadata.uid)?.owner === deployment);
  }

  /** Must be called on every change of a Deployment. */
  deploymentChanged(key: string, after: ApiObject | undefined): void {
    if (after === undefined) this.#collect(key);
    else this.#deployments.syncSoon(key);
  }

  /** Must be called before the operator removes workers. */
  loweredByOperator(key: string): void {
    this.#deployments.scaledBy(key, "operator");
  }

  /** `kubectl scale`. */
  scaleByHand(deployment: ApiObject, replicas: number): void {
    const key = keyOf(deployment.metadata);
    this.#deployments.scaledBy(key, "hand");
    this.#options.api.update("deployments", key, (object) => ({ ...object, spec: { ...(object.spec as object), replicas } }));
  }

  /** A worker's process ends with its sessions, and a new one starts. */
  crash(pod: ApiObject, cause: "crash" | "startup-probe" = "crash"): void {
    const { podIP = "" } = statusOf(pod);
    const sessions = this.sessionsOn(pod);
    if (!this.#options.workers.byIp.delete(podIP)) return;
    this.#setStatus(pod, (status) => withWorker(withConditions(status, { type: "ContainersReady", status: "False" }), false));
    if (sessions > 0) this.#options.onDisturbed(pod, sessions, cause, true);
    this.#soon(500, 2_000, () => this.#start(pod));
  }

  /** A machine disappears with all its pods. */
  loseNode(node: SimNode): void {
    const { nodes } = this.#options;
    nodes.splice(nodes.indexOf(node), 1);
    for (const pod of this.pods()) if (nodeOf(pod) === node.name) this.#vanish(pod, "node-lost");
  }

  /** A machine loses power: its workers do not respond. Their pods seem healthy until the node controller detects the failure. */
  silenceNode(node: SimNode, { noticedMs, evictedMs, removedMs }: Silence): void {
    const { nodes, workers } = this.#options;
    nodes.splice(nodes.indexOf(node), 1);
    const lost = this.pods().filter((pod) => nodeOf(pod) === node.name);
    for (const pod of lost) {
      const sessions = this.sessionsOn(pod);
      if (sessions > 0) this.#options.onDisturbed(pod, sessions, "node-lost", true);
      workers.fallSilent(statusOf(pod).podIP ?? "");
      const fate = this.#fates.get(pod.metadata.uid);
      if (fate !== undefined) fate.silent = true;
    }
    const each = (atMs: number, act: (pod: ApiObject) => void) =>
      this.#afterMs(atMs, () => {
        for (const pod of lost.flatMap((known) => this.#current(known) ?? [])) act(pod);
      });
    each(noticedMs, (pod) => {
      const notReady = { type: "Ready", status: "False", reason: "NodeNotReady" };
      this.#options.api.update("pods", keyOf(pod.metadata), (object) => ({
        ...object,
        status: withConditions(statusOf(object), notReady),
      }));
    });
    each(evictedMs, (pod) => this.deletePod(pod, "by-hand"));
    each(removedMs, (pod) => this.#vanish(pod, "node-lost"));
  }

  /** A kubelet ends a pod permanently, or does not admit it. Its object stays. */
  fail(pod: ApiObject, reason: string, message: string): void {
    const current = this.#current(pod);
    const fate = this.#fates.get(pod.metadata.uid);
    if (current === undefined || fate === undefined || fate.silent) return;
    if (isDeleting(current)) {
      this.#vanish(current, "pod-failed");
      return;
    }
    const sessions = this.sessionsOn(current);
    if (sessions > 0) this.#options.onDisturbed(current, sessions, "pod-failed", true);
    this.#options.workers.byIp.delete(statusOf(current).podIP ?? "");
    const lastTransitionTime = timeText(this.#options.clock.now());
    this.#setStatus(current, (status) => ({
      ...withConditions(status, { type: "ContainersReady", status: "False", lastTransitionTime }),
      phase: "Failed",
      reason,
      message,
    }));
    this.#deployments.syncSoon(fate.owner);
  }

  /** A user creates a pod with the labels of another one. It runs its own worker. @returns its name. */
  copy(pod: ApiObject, ofAnother: boolean): string {
    const { api, clock, workers } = this.#options;
    const { namespace, labels, annotations } = pod.metadata;
    const podIP = this.#newIp();
    const owner = { kind: "ReplicaSet", name: "canary-abc", controller: true };
    const name = `copy-${++this.#serial}`;
    const conditions = ["ContainersReady", "Ready", WARM_GATE].map((type) => ({
      type,
      status: "True",
      lastTransitionTime: timeText(clock.now()),
    }));
    api.create("pods", {
      metadata: { namespace, name, labels, annotations, ownerReferences: ofAnother ? [owner] : [] },
      spec: { ...(pod.spec as object), nodeName: "elsewhere" },
      status: { phase: "Running", podIP, conditions, containerStatuses: [] } satisfies PodStatus,
    });
    const worker = new SimWorker(clock, slotsOf(pod), 0);
    worker.stray = true;
    workers.byIp.set(podIP, worker);
    return name;
  }

  addNode(node: SimNode): void {
    this.#options.nodes.push(node);
  }

  /** Deletes a pod as its owner, a user or an eviction does. It may finish its sessions within its grace period. */
  deletePod(pod: ApiObject, cause: Cause, graceMs = graceMsOf(pod)): void {
    const { api, clock } = this.#options;
    const fate = this.#fates.get(pod.metadata.uid);
    if (fate === undefined) return;
    if (hasFailed(pod)) {
      this.#vanish(pod, cause);
      return;
    }
    const sessions = this.sessionsOn(pod);
    if (sessions > 0) this.#options.onDisturbed(pod, sessions, cause, false);
    fate.endMs = Math.min(fate.endMs, clock.now() + graceMs);
    api.update("pods", keyOf(pod.metadata), (object) => ({
      ...object,
      metadata: {
        ...object.metadata,
        deletionTimestamp: object.metadata.deletionTimestamp ?? timeText(clock.now() + graceMs),
        deletionGracePeriodSeconds: Math.round(graceMs / 1_000),
      },
    }));
    this.#drain(pod);
  }

  sessionsOn(pod: ApiObject): number {
    return this.workerOf(pod)?.active ?? 0;
  }

  workerOf(pod: ApiObject): SimWorker | undefined {
    return this.#options.workers.byIp.get(statusOf(pod).podIP ?? "");
  }

  #createPod(deployment: V1Deployment, owner: string, hash: string, template: V1PodTemplateSpec): void {
    const { api } = this.#options;
    const pod = api.create("pods", {
      metadata: {
        namespace: deployment.metadata?.namespace ?? "",
        name: `${deployment.metadata?.name}-${hash}-${++this.#serial}`,
        labels: { ...template.metadata?.labels, "pod-template-hash": hash },
        ownerReferences: [{ kind: "ReplicaSet", name: `${deployment.metadata?.name}-${hash}`, controller: true }],
        annotations: { ...template.metadata?.annotations },
      },
      spec: { ...template.spec, nodeName: undefined },
      status: { phase: "Pending", conditions: [], containerStatuses: [] } satisfies PodStatus,
    });
    this.#fates.set(pod.metadata.uid, { owner, hash, endMs: Number.POSITIVE_INFINITY });
    this.#soon(20, 300, () => this.#schedule(pod));
  }

  #schedule(pod: ApiObject): void {
    const current = this.#current(pod);
    if (current === undefined || isDeleting(current) || nodeOf(current) !== undefined) return;
    const placed = this.pods();
    const taken = (node: SimNode) => placed.filter((other) => nodeOf(other) === node.name).length;
    const node = this.#options.nodes.find((candidate) => !candidate.cordoned && taken(candidate) < candidate.room);
    if (node === undefined) {
      if (statusOf(current).conditions.length === 0) {
        const message = `0/${this.#options.nodes.length} nodes are available: 1 Insufficient nvidia.com/gpu.`;
        this.#setStatus(current, (status) =>
          withConditions(status, { type: "PodScheduled", status: "False", reason: "Unschedulable", message }),
        );
      }
      this.#soon(1_000, 3_000, () => this.#schedule(pod));
      return;
    }
    this.#options.api.update("pods", keyOf(pod.metadata), (object) => ({
      ...object,
      spec: { ...(object.spec as object), nodeName: node.name },
      status: withConditions(statusOf(object), { type: "PodScheduled", status: "True" }),
    }));
    this.#soon(200, 1_500, () => this.#start(pod));
  }

  #start(pod: ApiObject): void {
    const current = this.#current(pod);
    if (current === undefined || isDeleting(current) || hasFailed(current)) return;
    if (this.#fates.get(pod.metadata.uid)?.silent) return;
    if (this.refusesAdmission) {
      this.fail(current, "UnexpectedAdmissionError", "Allocate failed due to no healthy devices present.");
      return;
    }
    if (imageOf(current).includes(BROKEN_IMAGE)) {
      const waiting = { reason: "ImagePullBackOff", message: `Back-off pulling image "${imageOf(current)}"` };
      this.#setStatus(current, (status) => ({ ...status, containerStatuses: [{ name: "worker", state: { waiting } }] }));
      return;
    }
    const { clock, workers } = this.#options;
    const podIP = statusOf(current).podIP ?? this.#newIp();
    const worker = new SimWorker(clock, slotsOf(current), this.#options.coldStartMs());
    workers.byIp.set(podIP, worker);
    this.#setStatus(current, (status) => ({
      ...status,
      phase: "Running",
      podIP,
      containerStatuses: [{ name: "worker", started: false, state: { running: { startedAt: timeText(clock.now()) } } }],
    }));
    this.#afterMs(worker.readyAtMs - clock.now() + this.#options.random() * 2_000, () => this.#probeStartup(pod, worker, 0));
  }

  /** A worker passes its startup probe only while it has a free slot, as real ones do. */
  #probeStartup(pod: ApiObject, worker: SimWorker, failures: number): void {
    const current = this.#current(pod);
    if (current === undefined || this.#options.workers.byIp.get(statusOf(current).podIP ?? "") !== worker) return;
    const { periodMs, failureThreshold } = STARTUP_PROBE;
    if (worker.hangsUntilMs <= this.#options.clock.now() && worker.active < worker.slots)
      this.#setStatus(current, (status) => withWorker(withConditions(status, { type: "ContainersReady", status: "True" }), true));
    else if (failures + 1 >= failureThreshold) this.crash(current, "startup-probe");
    else this.#afterMs(periodMs, () => this.#probeStartup(pod, worker, failures + 1));
  }

  /** The preStop hook: the pod ends when it has no sessions or its grace period is over. */
  #drain(pod: ApiObject): void {
    const current = this.#current(pod);
    const fate = this.#fates.get(pod.metadata.uid);
    if (current === undefined || fate === undefined || fate.silent) return;
    const over = this.#options.clock.now() >= fate.endMs;
    if (this.sessionsOn(current) > 0 && !over) this.#soon(250, 250, () => this.#drain(pod));
    else this.#vanish(current, "drain-timeout");
  }

  #vanish(pod: ApiObject, cause: Cause): void {
    const sessions = this.sessionsOn(pod);
    if (sessions > 0) this.#options.onDisturbed(pod, sessions, cause, true);
    this.#options.workers.byIp.delete(statusOf(pod).podIP ?? "");
    this.#options.api.remove("pods", keyOf(pod.metadata));
    const fate = this.#fates.get(pod.metadata.uid);
    this.#fates.delete(pod.metadata.uid);
    // If the size still includes the pod, it is replaced.
    if (fate !== undefined) this.#deployments.syncSoon(fate.owner);
  }

  /** The garbage collector: deletes the pods of a deleted Deployment. */
  #collect(key: string): void {
    this.#deployments.forget(key);
    const owned = [...this.#options.api.of("pods").values()].filter((pod) => this.#fates.get(pod.metadata.uid)?.owner === key);
    for (const pod of owned) if (!isDeleting(pod)) this.deletePod(pod, "deployment-deleted");
  }

  #newIp(): string {
    return `10.${this.#serial >> 16}.${(this.#serial >> 8) & 255}.${this.#serial++ & 255}`;
  }

  #setStatus(pod: ApiObject, change: (status: PodStatus) => PodStatus): void {
    this.#options.api.update("pods", keyOf(pod.metadata), (object) => ({
      ...object,
      status: withReady(change(statusOf(object)), object),
    }));
  }

  /** The current pod; undefined if it was removed. */
  #current(pod: ApiObject): ApiObject | undefined {
    const current = this.#options.api.get("pods", keyOf(pod.metadata));
    return current?.metadata.uid === pod.metadata.uid ? current : undefined;
  }

  #soon(fromMs: number, toMs: number, callback: () => void): void {
    this.#afterMs(fromMs + this.#options.random() * (toMs - fromMs), callback);
  }

  #afterMs(delayMs: number, callback: () => void): void {
    this.#options.clock.schedule(delayMs, callback);
  }
}

function withWorker(status: PodStatus, started: boolean): PodStatus {
  return { ...status, containerStatuses: status.containerStatuses.map((container) => ({ ...container, started })) };
}
