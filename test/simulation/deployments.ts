import { isDeepStrictEqual } from "node:util";
import type { V1Deployment, V1PodTemplateSpec } from "@kubernetes/client-node";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { SimApi } from "./api.ts";
import { type ApiObject, holds, labelsOf } from "./api-objects.ts";
import { deletedFirst } from "./pod-spec.ts";
import { absolute, nextSizes } from "./rollout.ts";

/** Reason for which a ReplicaSet loses pods. */
type Lowered = "scale-down" | "rollout" | "by-hand";

export interface DeploymentsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly api: SimApi;
  /** Pods of a Deployment that are not being deleted. */
  readonly podsOf: (deployment: string) => readonly ApiObject[];
  readonly createPod: (deployment: V1Deployment, owner: string, hash: string, template: V1PodTemplateSpec) => void;
  readonly deletePod: (pod: ApiObject, cause: Lowered) => void;
}

interface SimReplicaSet {
  readonly template: V1PodTemplateSpec;
  readonly replicas: number;
  readonly cause: Lowered;
  /** Replicas of the Deployment when it was scaled last, and pods that they allow. */
  readonly desired: number;
  readonly most: number;
}

/** The Deployment and ReplicaSet controllers. */
export class SimDeployments {
  /** Whether a quota keeps new pods from being created. */
  quotaSpent = false;
  readonly #options: DeploymentsOptions;
  /** Key of the Deployment -> hash of the template -> its ReplicaSet. */
  readonly #sets = new Map<string, Map<string, SimReplicaSet>>();
  /** The process or user that last lowered the replicas, by key of the Deployment. */
  readonly #scaledBy = new Map<string, "operator" | "hand">();
  readonly #toLookAt = new Set<string>();
  /** By key of the Deployment: its last template, the number of its templates, and whether all pods have the last one. */
  readonly #revisions = new Map<string, { readonly hash: string; readonly revision: number; readonly complete: boolean }>();
  readonly #hashes = new WeakMap<object, string>();

  constructor(options: DeploymentsOptions) {
    this.#options = options;
  }

  /** A process or user lowers, or will lower, its number of replicas. */
  scaledBy(key: string, who: "operator" | "hand"): void {
    this.#scaledBy.set(key, who);
  }

  forget(key: string): void {
    for (const hash of this.#sets.get(key)?.keys() ?? []) this.#options.api.remove("replicasets", `${key}-${hash}`);
    this.#sets.delete(key);
    this.#scaledBy.delete(key);
    this.#revisions.delete(key);
  }

  /** Must be called when the Deployment or its pods have changed. The controller runs a little later. */
  syncSoon(key: string): void {
    this.#soon(50, 400, () => this.#sync(key));
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
    const own = this.#options.podsOf(key);
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
    const lowered: Lowered = this.#scaledBy.get(key) === "hand" ? "by-hand" : "scale-down";
    for (const [hash, replicas] of sizes.replicas) {
      const set = sets.get(hash);
      if (set === undefined) continue;
      const noted = sizes.scaling || set.replicas !== replicas ? scale : {};
      sets.set(hash, { ...set, ...noted, replicas, cause: rolling && !sizes.scaling ? "rollout" : lowered });
      this.#syncReplicas(key, deployment, hash);
    }
    for (const [hash, { replicas }] of sets) {
      if (hash === newest || replicas > 0) continue;
      sets.delete(hash);
      this.#options.api.remove("replicasets", `${key}-${hash}`);
    }
    const complete = this.#report(key, newest, desired);
    // Its pods become ready and end at any time, so the controller runs again until the old ones are removed.
    if (rolling || !complete) this.#lookAgain(key);
  }

  /** Writes the status of a Deployment. @returns whether its pods are exactly those of its template. */
  #report(key: string, newest: string, desired: number): boolean {
    const { api } = this.#options;
    const last = this.#revisions.get(key);
    const revision = last?.hash === newest ? last.revision : (last?.revision ?? 0) + 1;
    const own = this.#options.podsOf(key);
    const updated = own.filter((pod) => labelsOf(pod)["pod-template-hash"] === newest);
    const ready = updated.filter((pod) => holds(pod, "Ready")).length;
    const only = updated.length === own.length;
    const complete = only && (last?.complete === true || (updated.length === desired && ready === desired));
    this.#revisions.set(key, { hash: newest, revision, complete });
    this.#noteRevision(key, newest, revision);
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

  /** Writes the number of the template on the ReplicaSet too, like the Deployment controller. */
  #noteRevision(key: string, hash: string, revision: number): void {
    const { api } = this.#options;
    const deployment = api.get("deployments", key);
    if (deployment === undefined) return;
    const { namespace, name, uid, labels } = deployment.metadata;
    const noted = { "deployment.kubernetes.io/revision": String(revision) };
    const present = api.get("replicasets", `${key}-${hash}`);
    if (present === undefined) {
      const ownerReferences = [{ kind: "Deployment", name, uid, controller: true }];
      const of = { ...labels, "pod-template-hash": hash };
      api.create("replicasets", {
        metadata: { namespace, name: `${name}-${hash}`, labels: of, annotations: noted, ownerReferences },
      });
    } else if (!isDeepStrictEqual(present.metadata.annotations, noted)) {
      api.update("replicasets", `${key}-${hash}`, (object) => ({
        ...object,
        metadata: { ...object.metadata, annotations: noted },
      }));
    }
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
    const own = this.#options.podsOf(key).filter((pod) => labelsOf(pod)["pod-template-hash"] === hash);
    const surplus = own.length - set.replicas;
    for (const pod of [...own].sort(deletedFirst).slice(0, Math.max(0, surplus))) this.#options.deletePod(pod, set.cause);
    if (this.quotaSpent) {
      if (surplus < 0) this.#lookAgain(key);
      return;
    }
    for (let missing = -surplus; missing > 0; missing--) this.#options.createPod(deployment, key, hash, set.template);
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
    const { clock, random } = this.#options;
    clock.schedule(fromMs + random() * (toMs - fromMs), callback);
  }
}
