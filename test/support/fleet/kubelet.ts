import type { V1Node } from "@kubernetes/client-node";
import { hasEnded } from "../../../operator/api/membership.ts";
import type { KubeClient } from "../../../operator/kube/client.ts";
import { Informer } from "../../../operator/kube/informer.ts";
import { nodes, pods } from "../../../operator/kube/resource-types.ts";
import type { Json, ObjectKey } from "../../../operator/kube/types.ts";
import type { Random } from "../../../operator/runtime/clock.ts";
import { systemClock } from "../../../operator/runtime/clock.ts";
import type { Pod } from "./pod.ts";
import { PodLife, type PodLifeOptions } from "./pod-life.ts";

/**
 * Simulates the kubelet for every pod of a cluster with kwok nodes. Kwok assigns an address to a scheduled pod;
 * this class does everything else. Pods that are not workers only run, and end when they are deleted.
 */
export class Kubelet {
  readonly #options: PodLifeOptions;
  readonly #informer: Informer<Pod>;
  readonly #lives = new Map<ObjectKey, PodLife>();
  readonly #runs = new Set<Promise<void>>();
  readonly #stopped = new AbortController();
  #informing: Promise<void> | undefined;

  constructor(options: PodLifeOptions, random: Random) {
    this.#options = options;
    this.#informer = new Informer<Pod>({
      client: options.client,
      type: pods,
      namespaces: [],
      // A pod without an address does not run yet. A pod that is deleted earlier must still end.
      transform: (pod: Pod) =>
        pod.spec?.nodeName !== undefined && (pod.status?.podIP !== undefined || pod.metadata?.deletionTimestamp !== undefined)
          ? pod
          : undefined,
      clock: systemClock,
      random,
      logger: options.logger,
    });
    this.#informer.onChange((key, pod) => this.#observe(key, pod));
  }

  /**
   * Resolves once it has listed the cluster's pods.
   * @throws Error if kwok does not manage a node: its pods have a real kubelet.
   */
  async start(): Promise<void> {
    await refuseRealNodes(this.#options.client);
    this.#informing = this.#informer.run(this.#stopped.signal);
    await this.#informer.whenSynced(this.#stopped.signal);
  }

  /** Ends all workers and does not change the pods' objects. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#informing;
    for (const life of this.#lives.values()) life.vanish();
    await Promise.all(this.#runs);
  }

  #observe(key: ObjectKey, pod: Pod | undefined): void {
    const life = this.#lives.get(key);
    if (pod !== undefined && hasEnded(pod)) {
      // The pod was evicted: its containers end, and its object remains.
      life?.vanish();
      this.#lives.delete(key);
      return;
    }
    if (life !== undefined && life.identity.uid === pod?.metadata?.uid) {
      life.update(pod);
      return;
    }
    life?.vanish();
    this.#lives.delete(key);
    if (pod !== undefined && !this.#stopped.signal.aborted) this.#begin(key, pod);
  }

  #begin(key: ObjectKey, pod: Pod): void {
    const life = new PodLife(pod, this.#options);
    this.#lives.set(key, life);
    const run = life
      .run()
      .catch((error: unknown) => this.#options.logger.error({ pod: key, err: error }, "the pod's life broke off"))
      .finally(() => this.#runs.delete(run));
    this.#runs.add(run);
  }
}

async function refuseRealNodes(client: KubeClient): Promise<void> {
  const { items } = await client.list<Json<V1Node>>(nodes);
  const real = items.find(({ status }) => !["", "kwok", undefined].includes(status?.nodeInfo?.kubeletVersion));
  if (real === undefined) return;
  throw new Error(`node ${real.metadata?.name} has a real kubelet; the stand-in fleet would end its pods and does not start`);
}
