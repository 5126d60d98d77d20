import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import type { Json } from "../../operator/kube/types.ts";
import type { ControlPlane } from "./controlplane/index.ts";

const POLL_MS = 300;
const STATUS = JSON.stringify({ status: { conditions: ["Ready", "ContainersReady"].map((type) => ({ type, status: "True" })) } });

/** In place of a kubelet: reports every running pod of a namespace as ready, and removes the deleted ones, without running them. */
export class ReadyPods implements AsyncDisposable {
  readonly #plane: ControlPlane;
  readonly #stop = new AbortController();
  readonly #loops: Promise<void>[];

  constructor(plane: ControlPlane, namespaces: readonly string[]) {
    this.#plane = plane;
    this.#loops = namespaces.map((namespace) => this.#run(namespace));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#loops);
  }

  async #run(namespace: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const { stdout } = await this.#plane.kubectl(["get", "pods", `--namespace=${namespace}`, "-o=json"]);
      const { items } = JSON.parse(stdout || '{"items":[]}') as { readonly items: readonly Json<V1Pod>[] };
      await Promise.all(items.map(({ metadata, status }) => this.#settle(namespace, metadata, status)));
      await sleep(POLL_MS, undefined, { signal: this.#stop.signal });
    }
  }

  async #settle(namespace: string, metadata: Json<V1Pod>["metadata"], status: Json<V1Pod>["status"]): Promise<void> {
    const pod = [`--namespace=${namespace}`, "pod", metadata?.name ?? ""];
    if (metadata?.deletionTimestamp !== undefined) {
      await this.#plane.kubectl(["delete", ...pod, "--force", "--grace-period=0", "--wait=false"]);
    } else if (status?.phase === "Running" && !status.conditions?.some(({ type }) => type === "Ready")) {
      await this.#plane.kubectl(["patch", ...pod, "--subresource=status", `--patch=${STATUS}`]);
    }
  }
}
