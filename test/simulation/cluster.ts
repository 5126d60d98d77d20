import type { V1Deployment } from "@kubernetes/client-node";
import { annotations, WARM_GATE } from "../../operator/api/names.ts";
import { KubeError } from "../../operator/kube/errors.ts";
import { type KubeObject, keyOf, type ObjectRef, type ResourceType } from "../../operator/kube/types.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { ApiObject, LaggingView } from "./watched.ts";
import { SimWorker, type SimWorkers } from "./workers.ts";

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly workers: SimWorkers;
  /** Pods that find a node; the rest stays Pending. */
  readonly capacity: number;
  readonly slotsOf: (group: string) => number;
  readonly coldStartMs: () => number;
  /** Every write of the operator, before it takes effect. */
  readonly onWrite: (verb: string, plural: string, object: ApiObject | undefined, next: Record<string, unknown>) => void;
  /** A pod goes with sessions on it. */
  readonly onEnded: (pod: string, sessions: number, why: string) => void;
}

interface PodStatus {
  phase: string;
  podIP?: string;
  conditions: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  containerStatuses: { name: string; state: { running: { startedAt: string } } }[];
}

/** An API server with the controllers that matter: Deployment, ReplicaSet, scheduler and kubelet. Each with its own delays. */
export class SimCluster {
  readonly objects: Record<string, Map<string, ApiObject>> = { avatarpools: new Map(), deployments: new Map(), pods: new Map() };
  readonly #views: Record<string, Set<LaggingView<unknown>>> = { avatarpools: new Set(), deployments: new Set(), pods: new Set() };
  readonly #options: ClusterOptions;
  #serial = 0;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  watch<T>(plural: string, view: LaggingView<T>): LaggingView<T> {
    view.list(this.#of(plural).values());
    this.#views[plural]?.add(view as LaggingView<unknown>);
    return view;
  }

  create(plural: string, object: ApiObject): void {
    this.#of(plural).set(keyOf(object.metadata), object);
    this.#changed(plural, object);
  }

  pods(): readonly ApiObject[] {
    return [...this.#of("pods").values()];
  }

  /** The verbs that the operator uses, with their latency. */
  readonly client = {
    get: async <T extends KubeObject>(type: ResourceType, ref: ObjectRef): Promise<T | undefined> => {
      await this.#latency();
      if (type.plural === "secrets") return { data: { "api-secret": "eA==" } } as unknown as T;
      return structuredClone(this.#of(type.plural).get(keyOf(ref))) as T | undefined;
    },
    apply: async <T extends KubeObject>(type: ResourceType, object: T, options: { subresource?: string } = {}): Promise<T> => {
      await this.#latency();
      const ref = { namespace: object.metadata?.namespace ?? "", name: object.metadata?.name ?? "" };
      const existing = this.#of(type.plural).get(keyOf(ref));
      this.#options.onWrite("apply", type.plural, existing, object as Record<string, unknown>);
      if (object.metadata?.uid !== undefined && existing?.metadata.uid !== object.metadata.uid)
        throw new KubeError("uid mismatch", { status: 409, reason: "Conflict" });
      const written = this.#merge(type.plural, existing, structuredClone(object) as unknown as ApiObject, options.subresource);
      await this.#latency();
      return structuredClone(written) as unknown as T;
    },
    mergePatch: async <T extends KubeObject>(type: ResourceType, ref: ObjectRef, patch: unknown): Promise<T> => {
      await this.#latency();
      const existing = this.#of(type.plural).get(keyOf(ref));
      if (existing === undefined) throw new KubeError("gone", { status: 404, reason: "NotFound" });
      this.#options.onWrite("patch", type.plural, existing, patch as Record<string, unknown>);
      Object.assign(existing.spec as object, (patch as { spec: object }).spec);
      existing.metadata.generation = (existing.metadata.generation ?? 1) + 1;
      this.#changed(type.plural, existing);
      return structuredClone(existing) as unknown as T;
    },
    delete: async (type: ResourceType, ref: ObjectRef): Promise<boolean> => {
      await this.#latency();
      const existing = this.#of(type.plural).get(keyOf(ref));
      this.#options.onWrite("delete", type.plural, existing, {});
      if (existing === undefined) return false;
      if (type.plural === "pods") this.#deletePod(existing, 10_000);
      else this.#remove(type.plural, existing);
      return true;
    },
  };

  #merge(plural: string, existing: ApiObject | undefined, applied: ApiObject, subresource: string | undefined): ApiObject {
    if (existing === undefined) {
      applied.metadata = { ...applied.metadata, uid: this.#uid(plural), generation: 1, creationTimestamp: this.#time() };
      this.create(plural, applied);
      return applied;
    }
    if (subresource === "status") this.#mergeStatus(plural, existing, applied);
    else if (plural === "deployments") {
      if (JSON.stringify(existing.spec) !== JSON.stringify(applied.spec))
        existing.metadata.generation = (existing.metadata.generation ?? 1) + 1;
      existing.spec = applied.spec;
    } else if (plural === "pods") {
      // What was applied before and is not any more goes; what the template gave stays.
      existing.metadata.annotations = { ...(existing.fromTemplate as object), ...(applied.metadata.annotations as object) };
      existing.metadata.labels = { ...labelsOf(existing), ...labelsOf(applied) };
    } else existing.metadata.finalizers = applied.metadata.finalizers;
    this.#changed(plural, existing);
    if (
      plural === "avatarpools" &&
      existing.metadata.deletionTimestamp !== undefined &&
      (existing.metadata.finalizers as string[]).length === 0
    )
      this.#remove(plural, existing);
    return existing;
  }

  #mergeStatus(plural: string, existing: ApiObject, applied: ApiObject): void {
    if (plural !== "pods") {
      existing.status = applied.status;
      return;
    }
    const status = existing.status as PodStatus;
    for (const condition of (applied.status as PodStatus).conditions) setCondition(status, condition);
    this.#computeReady(status);
  }

  #changed(plural: string, object: ApiObject | undefined, key = keyOf(object?.metadata ?? {})): void {
    for (const view of this.#views[plural] ?? []) view.changed(key, object);
    if (plural === "deployments") this.#soon(50, 400, () => this.#syncReplicas(key));
  }

  #remove(plural: string, object: ApiObject): void {
    const key = keyOf(object.metadata);
    this.#of(plural).delete(key);
    for (const view of this.#views[plural] ?? []) view.changed(key, undefined);
  }

  /** Deployment and ReplicaSet controller in one: a template never changes here. */
  #syncReplicas(key: string): void {
    const deployment = this.#of("deployments").get(key) as unknown as V1Deployment | undefined;
    if (deployment === undefined) return;
    const group = deployment.spec?.selector.matchLabels?.["avatarpool.dev/group"];
    const own = this.pods().filter(
      (pod) => labelsOf(pod)["avatarpool.dev/group"] === group && pod.metadata.deletionTimestamp === undefined,
    );
    const surplus = own.length - (deployment.spec?.replicas ?? 0);
    for (const pod of [...own].sort(deletedFirst).slice(0, Math.max(0, surplus))) {
      const sessions = this.#sessionsOn(pod);
      // The drain would save them, for as long as it may take; the safe path never comes to that.
      if (sessions > 0) this.#options.onEnded(pod.metadata.name, sessions, "it was taken away while busy");
      this.#deletePod(pod, graceMs(deployment));
    }
    for (let missing = -surplus; missing > 0; missing--) this.#createPod(deployment, key);
  }

  #createPod(deployment: V1Deployment, key: string): void {
    const name = `${deployment.metadata?.name}-${++this.#serial}`;
    const status: PodStatus = { phase: "Pending", conditions: [], containerStatuses: [] };
    const pod: ApiObject = {
      metadata: {
        namespace: deployment.metadata?.namespace ?? "",
        name,
        uid: this.#uid("pods"),
        creationTimestamp: this.#time(),
        labels: { ...deployment.spec?.template.metadata?.labels, "pod-template-hash": "r1" },
        annotations: { ...deployment.spec?.template.metadata?.annotations },
      },
      fromTemplate: { ...deployment.spec?.template.metadata?.annotations },
      spec: {},
      status,
      owner: key,
    };
    this.create("pods", pod);
    this.#soon(20, 300, () => this.#schedule(pod));
  }

  #schedule(pod: ApiObject): void {
    const spec = pod.spec as { nodeName?: string };
    if (spec.nodeName !== undefined || !this.#exists(pod) || pod.metadata.deletionTimestamp !== undefined) return;
    const placed = this.pods().filter((other) => (other.spec as { nodeName?: string }).nodeName !== undefined).length;
    const status = pod.status as PodStatus;
    if (placed >= this.#options.capacity) {
      const refusal = {
        type: "PodScheduled",
        status: "False",
        reason: "Unschedulable",
        message: "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
      };
      if (status.conditions.length === 0) {
        setCondition(status, refusal);
        this.#changed("pods", pod);
      }
      this.#soon(1_000, 3_000, () => this.#schedule(pod));
      return;
    }
    spec.nodeName = "node";
    setCondition(status, { type: "PodScheduled", status: "True" });
    this.#changed("pods", pod);
    this.#soon(200, 1_500, () => this.#start(pod));
  }

  #start(pod: ApiObject): void {
    if (!this.#exists(pod) || pod.metadata.deletionTimestamp !== undefined) return;
    const status = pod.status as PodStatus;
    status.phase = "Running";
    status.podIP ??= `10.0.${this.#serial >> 8}.${this.#serial++ & 255}`;
    status.containerStatuses = [{ name: "worker", state: { running: { startedAt: this.#time() } } }];
    const worker = new SimWorker(
      this.#options.clock,
      this.#options.slotsOf(labelsOf(pod)["avatarpool.dev/group"] ?? ""),
      this.#options.coldStartMs(),
    );
    this.#options.workers.byIp.set(status.podIP, worker);
    this.#changed("pods", pod);
    this.#afterMs(worker.readyAtMs - this.#options.clock.now() + this.#options.random() * 2_000, () => {
      if (this.#options.workers.byIp.get(status.podIP ?? "") !== worker) return;
      setCondition(status, { type: "ContainersReady", status: "True" });
      this.#computeReady(status);
      this.#changed("pods", pod);
    });
  }

  /** A worker's process dies with its sessions, and is started again. */
  crash(pod: ApiObject): void {
    const status = pod.status as PodStatus;
    if (status.podIP === undefined || !this.#options.workers.byIp.delete(status.podIP)) return;
    setCondition(status, { type: "ContainersReady", status: "False" });
    this.#computeReady(status);
    this.#changed("pods", pod);
    this.#soon(500, 2_000, () => this.#start(pod));
  }

  #deletePod(pod: ApiObject, graceInMs: number): void {
    if (pod.metadata.deletionTimestamp === undefined) {
      pod.metadata.deletionTimestamp = this.#time();
      this.#changed("pods", pod);
    }
    const endMs = this.#options.clock.now() + graceInMs;
    pod.endMs = Math.min(endMs, Number(pod.endMs ?? endMs));
    this.#drain(pod);
  }

  /** The preStop hook: the pod goes once it is empty, or when its grace period is over. */
  #drain(pod: ApiObject): void {
    if (!this.#exists(pod)) return;
    const sessions = this.#sessionsOn(pod);
    const over = this.#options.clock.now() >= Number(pod.endMs);
    if (sessions > 0 && !over) {
      this.#soon(250, 250, () => this.#drain(pod));
      return;
    }
    if (sessions > 0) this.#options.onEnded(pod.metadata.name, sessions, "its grace period was over");
    this.#options.workers.byIp.delete((pod.status as PodStatus).podIP ?? "");
    this.#remove("pods", pod);
    // A pod of a Deployment that still wants it is replaced.
    this.#soon(50, 400, () => this.#syncReplicas(String(pod.owner)));
  }

  #sessionsOn(pod: ApiObject): number {
    return this.#options.workers.byIp.get((pod.status as PodStatus).podIP ?? "")?.active ?? 0;
  }

  #computeReady(status: PodStatus): void {
    const holds = (type: string) => status.conditions.some((condition) => condition.type === type && condition.status === "True");
    setCondition(status, { type: "Ready", status: holds("ContainersReady") && holds(WARM_GATE) ? "True" : "False" });
  }

  #exists(pod: ApiObject): boolean {
    return this.#of("pods").get(keyOf(pod.metadata)) === pod;
  }

  #of(plural: string): Map<string, ApiObject> {
    const objects = this.objects[plural];
    if (objects === undefined) throw new Error(`nothing here keeps ${plural}`);
    return objects;
  }

  #uid(kind: string): string {
    return `${kind}-${++this.#serial}`;
  }

  /** Whole seconds, as Kubernetes keeps them. */
  #time(): string {
    return new Date(Math.floor(this.#options.clock.now() / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
  }

  #soon(fromMs: number, toMs: number, callback: () => void): void {
    this.#afterMs(fromMs + this.#options.random() * (toMs - fromMs), callback);
  }

  #afterMs(delayMs: number, callback: () => void): void {
    this.#options.clock.schedule(delayMs, callback);
  }

  #latency(): Promise<void> {
    return new Promise((resolve) => this.#soon(1, 20, resolve));
  }
}

export function labelsOf(object: ApiObject): Record<string, string> {
  return (object.metadata.labels ?? {}) as Record<string, string>;
}

function setCondition(status: PodStatus, condition: PodStatus["conditions"][number]): void {
  const index = status.conditions.findIndex(({ type }) => type === condition.type);
  if (index === -1) status.conditions.push(condition);
  else status.conditions[index] = condition;
}

function graceMs(deployment: V1Deployment): number {
  return (deployment.spec?.template.spec?.terminationGracePeriodSeconds ?? 30) * 1_000;
}

/** The ReplicaSet controller's order (`ActivePodsWithRanks`): whom it deletes first. Ties: the youngest. */
function deletedFirst(a: ApiObject, b: ApiObject): number {
  return (
    rank(a).scheduled - rank(b).scheduled ||
    rank(a).running - rank(b).running ||
    rank(a).ready - rank(b).ready ||
    rank(a).cost - rank(b).cost ||
    String(b.metadata.creationTimestamp).localeCompare(String(a.metadata.creationTimestamp))
  );
}

function rank(pod: ApiObject) {
  const status = pod.status as PodStatus;
  const cost = (pod.metadata.annotations as Record<string, string> | undefined)?.[annotations.deletionCost];
  return {
    scheduled: Number((pod.spec as { nodeName?: string }).nodeName !== undefined),
    running: Number(status.phase === "Running"),
    ready: Number(status.conditions.some(({ type, status: holds }) => type === "Ready" && holds === "True")),
    cost: Number(cost ?? 0),
  };
}
