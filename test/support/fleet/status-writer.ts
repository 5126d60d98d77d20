import type { KubeClient } from "../../../operator/kube/client.ts";
import { isConflict, isNotFound } from "../../../operator/kube/errors.ts";
import { pods } from "../../../operator/kube/resource-types.ts";
import { type Clock, systemClock } from "../../../operator/runtime/clock.ts";
import { sleep } from "../../../operator/runtime/sleep.ts";
import { conditionOf, type Pod, type PodIdentity } from "./pod.ts";
import type { KubeletStatus } from "./pod-status.ts";

/** Field manager of the fields that the kubelet writes. Another manager writes the condition of the warm gate. */
export const KUBELET_MANAGER = "kubelet-stand-in";

const RETRY_MS = 1_000;

/** Writes one pod's status: one write at a time, always the newest status, and nothing if nothing changed. */
export class StatusWriter {
  readonly #client: Pick<KubeClient, "apply">;
  readonly #pod: PodIdentity;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #wanted: KubeletStatus | undefined;
  #written: { readonly status: KubeletStatus; readonly resourceVersion: number } | undefined;
  #writing: Promise<void> | undefined;

  /** @param clock for retries. They concern the API server, so their delays are in real time. */
  constructor(client: Pick<KubeClient, "apply">, pod: PodIdentity, clock: Clock = systemClock) {
    this.#client = client;
    this.#pod = pod;
    this.#clock = clock;
  }

  publish(status: KubeletStatus): void {
    this.#wanted = status;
    this.#start();
  }

  /** Repairs the Ready condition if another writer, such as the node controller, has changed it. */
  observe(pod: Pod): void {
    const written = this.#written;
    if (written === undefined || Number(pod.metadata?.resourceVersion) <= written.resourceVersion) return;
    const ours = written.status.conditions.find(({ type }) => type === "Ready")?.status;
    if (conditionOf(pod, "Ready")?.status === ours) return;
    this.#written = undefined;
    this.#start();
  }

  /** Aborts a running write. No further write follows. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#writing;
  }

  #start(): void {
    if (this.#writing !== undefined) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted && this.#wanted !== undefined && !same(this.#wanted, this.#written?.status)) {
      const status = this.#wanted;
      try {
        const pod = await this.#apply(status);
        this.#written = { status, resourceVersion: Number(pod.metadata?.resourceVersion) };
      } catch (error) {
        // The pod no longer exists, or another pod has its name.
        if (isNotFound(error) || isConflict(error)) return this.#closed.abort();
        await sleep(this.#clock, RETRY_MS, signal);
      }
    }
  }

  #apply(status: KubeletStatus): Promise<Pod> {
    const { namespace, name, uid } = this.#pod;
    // The list types of an object to apply are mutable, but nothing writes to them.
    const object = { metadata: { namespace, name, uid }, status } as unknown as Pod;
    return this.#client.apply<Pod>(pods, object, {
      subresource: "status",
      fieldManager: KUBELET_MANAGER,
      signal: this.#closed.signal,
    });
  }
}

function same(left: KubeletStatus, right: KubeletStatus | undefined): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
