import { isDeepStrictEqual } from "node:util";
import type { V1Deployment, V1PodTemplateSpec } from "@kubernetes/client-node";
import { annotations, labels } from "../../operator/api/names.ts";
import { keyOf } from "../../operator/kube/types.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import { type SimApi, withReady } from "./api.ts";
import {
  type ApiObject,
  holds,
  isDeleting,
  labelsOf,
  nodeOf,
  type PodStatus,
  statusOf,
  timeText,
  withConditions,
} from "./api-objects.ts";
import type { SimNode } from "./nodes.ts";
import { absolute, nextSizes } from "./rollout.ts";
import { SimWorker, type SimWorkers } from "./workers.ts";

/** Why a pod with sessions on it is taken away. */
export type Cause = "scale-down" | "rollout" | "by-hand" | "drain-timeout" | "deployment-deleted" | "node-lost" | "crash";

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly api: SimApi;
  readonly workers: SimWorkers;
  readonly nodes: SimNode[];
  readonly coldStartMs: () => number;
  /** A pod is told to go, or goes, with sessions on it. */
  readonly onDisturbed: (pod: ApiObject, sessions: number, cause: Cause, ended: boolean) => void;
}

interface PodFate {
  readonly owner: string;
  readonly hash: string;
  /** When its grace period is over, once it is being deleted. */
  endMs: number;
}

interface SimReplicaSet {
  readonly template: V1PodTemplateSpec;
  readonly replicas: number;
  readonly cause: Cause;
  /** Replicas of the Deployment when it was scaled last, and pods that they allow. */
  readonly desired: number;
  readonly most: number;
}

/** The cluster's own controllers: Deployment, ReplicaSet, scheduler and kubelet. Each with its own delays. */
export class SimCluster {
  /** Whether a quota keeps new pods from being created. */
  quotaSpent = false;
  readonly #options: ClusterOptions;
  readonly #fates = new Map<string, PodFate>();
  /** Key of the Deployment -> hash of the template -> its ReplicaSet. */
  readonly #sets = new Map<string, Map<string, SimReplicaSet>>();
  /** Who lowered the number of replicas last, by key of the Deployment. */
  readonly #scaledBy = new Map<string, "operator" | "hand">();
  readonly #toLookAt = new Set<string>();
  /** By key of the Deployment: the template that it had last, how many it has had, and whether all pods are of it. */
  readonly #revisions = new Map<string, { readonly hash: string; readonly revision: number; readonly complete: boolean }>();
  readonly #hashes = new WeakMap<object, string>();
  #serial = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  pods(): readonly ApiObject[] {
    return [...this.#options.api.of("pods").values()];
  }

  /** Pods of a Deployment that are not being deleted. */
  podsOf(deployment: string): readonly ApiObject[] {
    return this.pods().filter((pod) => !isDeleting(pod) && this.#fates.get(pod.metadata.uid)?.owner === deployment);
  }

  /** To be called on every change of a Deployment. */
  deploymentChanged(key: string, after: ApiObject | undefined): void {
    if (after === undefined) this.#collect(key);
    else this.#soon(50, 400, () => this.#sync(key));
  }

  /** To be called before the operator takes workers away. */
  loweredByOperator(key: string): void {
    this.#scaledBy.set(key, "operator");
  }

  /** `kubectl scale`. */
  scaleByHand(deployment: ApiObject, replicas: number): void {
    const key = keyOf(deployment.metadata);
    this.#scaledBy.set(key, "hand");
    this.#options.api.update("deployments", key, (object) => ({ ...object, spec: { ...(object.spec as object), replicas } }));
  }

  /** A worker's process dies with its sessions, and is started again. */
  crash(pod: ApiObject): void {
    const { podIP = "" } = statusOf(pod);
    const sessions = this.sessionsOn(pod);
    if (!this.#options.workers.byIp.delete(podIP)) return;
    this.#setStatus(pod, (status) => withConditions(status, { type: "ContainersReady", status: "False" }));
    if (sessions > 0) this.#options.onDisturbed(pod, sessions, "crash", true);
    this.#soon(500, 2_000, () => this.#start(pod));
  }

  /** A machine vanishes, with all that ran on it. */
  loseNode(node: SimNode): void {
    const { nodes } = this.#options;
    nodes.splice(nodes.indexOf(node), 1);
    for (const pod of this.pods()) if (nodeOf(pod) === node.name) this.#vanish(pod, "node-lost");
  }

  addNode(node: SimNode): void {
    this.#options.nodes.push(node);
  }

  /** Deletes a pod as its owner, a person or an eviction does: it may finish its sessions, for as long as its grace lasts. */
  deletePod(pod: ApiObject, cause: Cause, graceMs = graceMsOf(pod)): void {
    const { api, clock } = this.#options;
    const fate = this.#fates.get(pod.metadata.uid);
    if (fate === undefined) return;
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

  #sync(key: string): void {
    const deployment = this.#options.api.get("deployments", key) as unknown as V1Deployment | undefined;
    if (deployment?.spec === undefined) return;
    const newest = this.#hashOf(deployment.spec.template);
    const sets = this.#sets.get(key) ?? new Map<string, SimReplicaSet>();
    this.#sets.set(key, sets);
    const desired = deployment.spec.replicas ?? 1;
    const { maxSurge, maxUnavailable } = deployment.spec.strategy?.rollingUpdate ?? {};
    const surge = absolute(maxSurge, desired, Math.ceil);
    const scale = { desired, most: desired + surge };
    const { template } = deployment.spec;
    if (!sets.has(newest)) sets.set(newest, { template, replicas: 0, cause: "rollout", ...scale });
    const own = this.podsOf(key);
    const seen = [...sets].map(([hash, set]) => {
      const pods = own.filter((pod) => labelsOf(pod)["pod-template-hash"] === hash);
      return { ...set, hash, pods: pods.length, ready: pods.filter((pod) => holds(pod, "Ready")).length };
    });
    const sizes = nextSizes(seen, newest, {
      desired,
      maxSurge: surge,
      maxUnavailable: absolute(maxUnavailable, desired, Math.floor),
      paused: deployment.spec.paused ?? false,
    });
    const rolling = seen.some(({ hash, replicas }) => hash !== newest && replicas > 0);
    const lowered: Cause = this.#scaledBy.get(key) === "hand" ? "by-hand" : "scale-down";
    for (const [hash, replicas] of sizes.replicas) {
      const set = sets.get(hash);
      if (set === undefined) continue;
      const noted = sizes.scaling || set.replicas !== replicas ? scale : {};
      sets.set(hash, { ...set, ...noted, replicas, cause: rolling && !sizes.scaling ? "rollout" : lowered });
      this.#syncReplicas(key, deployment, hash);
    }
    for (const [hash, { replicas }] of sets) if (hash !== newest && replicas === 0) sets.delete(hash);
    const complete = this.#report(key, newest, desired);
    // Its pods become ready and go in time of their own: it looks again until the old ones are gone.
    if (rolling || !complete) this.#lookAgain(key);
  }

  /** Writes what its controller says of a Deployment. @returns whether it has no pods but those of its template, and all of them. */
  #report(key: string, newest: string, desired: number): boolean {
    const { api } = this.#options;
    const last = this.#revisions.get(key);
    const revision = last?.hash === newest ? last.revision : (last?.revision ?? 0) + 1;
    const own = this.podsOf(key);
    const updated = own.filter((pod) => labelsOf(pod)["pod-template-hash"] === newest);
    const ready = updated.filter((pod) => holds(pod, "Ready")).length;
    const only = updated.length === own.length;
    const complete = only && (last?.complete === true || (updated.length === desired && ready === desired));
    this.#revisions.set(key, { hash: newest, revision, complete });
    api.update("deployments", key, (object) => {
      const observedGeneration = object.metadata.generation;
      const reason = complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated";
      const status = { observedGeneration, conditions: [{ type: "Progressing", status: "True", reason }] };
      const annotations = { ...object.metadata.annotations, "deployment.kubernetes.io/revision": String(revision) };
      const unchanged = isDeepStrictEqual([object.status, object.metadata.annotations], [status, annotations]);
      return unchanged ? object : { ...object, metadata: { ...object.metadata, annotations }, status };
    });
    return complete;
  }

  #lookAgain(key: string): void {
    if (this.#toLookAt.has(key)) return;
    this.#toLookAt.add(key);
    this.#soon(200, 1_000, () => {
      this.#toLookAt.delete(key);
      this.#sync(key);
    });
  }

  #syncReplicas(key: string, deployment: V1Deployment, hash: string): void {
    const set = this.#sets.get(key)?.get(hash);
    if (set === undefined) return;
    const own = this.podsOf(key).filter((pod) => labelsOf(pod)["pod-template-hash"] === hash);
    const surplus = own.length - set.replicas;
    for (const pod of [...own].sort(deletedFirst).slice(0, Math.max(0, surplus))) this.deletePod(pod, set.cause);
    if (this.quotaSpent) {
      if (surplus < 0) this.#lookAgain(key);
      return;
    }
    for (let missing = -surplus; missing > 0; missing--) this.#createPod(deployment, key, hash, set.template);
  }

  #createPod(deployment: V1Deployment, owner: string, hash: string, template: V1PodTemplateSpec): void {
    const { api } = this.#options;
    const pod = api.create("pods", {
      metadata: {
        namespace: deployment.metadata?.namespace ?? "",
        name: `${deployment.metadata?.name}-${hash}-${++this.#serial}`,
        labels: { ...template.metadata?.labels, "pod-template-hash": hash },
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
    if (current === undefined || isDeleting(current)) return;
    if (imageOf(current).includes(BROKEN_IMAGE)) {
      const waiting = { reason: "ImagePullBackOff", message: `Back-off pulling image "${imageOf(current)}"` };
      this.#setStatus(current, (status) => ({ ...status, containerStatuses: [{ name: "worker", state: { waiting } }] }));
      return;
    }
    const { clock, workers } = this.#options;
    const podIP = statusOf(current).podIP ?? `10.${this.#serial >> 16}.${(this.#serial >> 8) & 255}.${this.#serial++ & 255}`;
    const worker = new SimWorker(clock, slotsOf(current), this.#options.coldStartMs());
    workers.byIp.set(podIP, worker);
    this.#setStatus(current, (status) => ({
      ...status,
      phase: "Running",
      podIP,
      containerStatuses: [{ name: "worker", state: { running: { startedAt: timeText(clock.now()) } } }],
    }));
    this.#afterMs(worker.readyAtMs - clock.now() + this.#options.random() * 2_000, () => {
      const started = this.#current(pod);
      if (started === undefined || workers.byIp.get(podIP) !== worker) return;
      this.#setStatus(started, (status) => withConditions(status, { type: "ContainersReady", status: "True" }));
    });
  }

  /** The preStop hook: the pod goes once it is empty, or when its grace period is over. */
  #drain(pod: ApiObject): void {
    const current = this.#current(pod);
    const fate = this.#fates.get(pod.metadata.uid);
    if (current === undefined || fate === undefined) return;
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
    // A pod that is still wanted is replaced.
    if (fate !== undefined) this.#soon(50, 400, () => this.#sync(fate.owner));
  }

  /** The garbage collector: pods of a Deployment that is gone are deleted. */
  #collect(key: string): void {
    this.#sets.delete(key);
    this.#scaledBy.delete(key);
    this.#revisions.delete(key);
    for (const pod of this.podsOf(key)) this.deletePod(pod, "deployment-deleted");
  }

  #setStatus(pod: ApiObject, change: (status: PodStatus) => PodStatus): void {
    this.#options.api.update("pods", keyOf(pod.metadata), (object) => ({
      ...object,
      status: withReady(change(statusOf(object)), object),
    }));
  }

  /** The pod as it is now; undefined when it is gone. */
  #current(pod: ApiObject): ApiObject | undefined {
    const current = this.#options.api.get("pods", keyOf(pod.metadata));
    return current?.metadata.uid === pod.metadata.uid ? current : undefined;
  }

  #hashOf(template: object): string {
    let hash = this.#hashes.get(template);
    if (hash === undefined) {
      let sum = 0x811c9dc5;
      for (const char of JSON.stringify(template)) sum = Math.imul(sum ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
      hash = sum.toString(36);
      this.#hashes.set(template, hash);
    }
    return hash;
  }

  #soon(fromMs: number, toMs: number, callback: () => void): void {
    this.#afterMs(fromMs + this.#options.random() * (toMs - fromMs), callback);
  }

  #afterMs(delayMs: number, callback: () => void): void {
    this.#options.clock.schedule(delayMs, callback);
  }
}

/** An image with this in its name cannot be pulled. */
export const BROKEN_IMAGE = "no-such-image";

interface Template {
  readonly terminationGracePeriodSeconds?: number;
  readonly containers?: readonly {
    readonly image?: string;
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
}

function graceMsOf(pod: ApiObject): number {
  return ((pod.spec as Template).terminationGracePeriodSeconds ?? 30) * 1_000;
}

function imageOf(pod: ApiObject): string {
  return (pod.spec as Template).containers?.[0]?.image ?? "";
}

/** As the worker's own environment says. */
function slotsOf(pod: ApiObject): number {
  const variable = (pod.spec as Template).containers?.[0]?.env?.find(({ name }) => name === "MAX_SESSIONS");
  return Number(variable?.value ?? 1);
}

/** The ReplicaSet controller's order (`ActivePodsWithRanks`): whom it deletes first. Ties: the youngest. */
function deletedFirst(a: ApiObject, b: ApiObject): number {
  return (
    Number(nodeOf(a) !== undefined) - Number(nodeOf(b) !== undefined) ||
    Number(statusOf(a).phase === "Running") - Number(statusOf(b).phase === "Running") ||
    Number(holds(a, "Ready")) - Number(holds(b, "Ready")) ||
    costOf(a) - costOf(b) ||
    String(b.metadata.creationTimestamp).localeCompare(String(a.metadata.creationTimestamp))
  );
}

function costOf(pod: ApiObject): number {
  return Number(pod.metadata.annotations?.[annotations.deletionCost] ?? 0);
}

export function groupOf(object: ApiObject): string {
  return labelsOf(object)[labels.group] ?? "";
}
