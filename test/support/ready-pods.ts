import { setTimeout as sleep } from "node:timers/promises";
import type { V1Pod } from "@kubernetes/client-node";
import type { Json } from "../../operator/kube/types.ts";
import type { ControlPlane } from "./controlplane/index.ts";

type Listed = Pick<Json<V1Pod>, "metadata" | "status"> & { readonly kind: string };

const POLL_MS = 300;
const STATUS = JSON.stringify({ status: { conditions: ["Ready", "ContainersReady"].map((type) => ({ type, status: "True" })) } });
/** An address for documentation: Kubernetes rejects those of the loopback network. */
const SUBSETS = [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ port: 8080 }] }];

/**
 * In place of a kubelet: reports every running pod of a namespace as ready, and removes the deleted ones, without running them. In
 * place of the endpoints controller, which cannot run on a loopback network: gives every Service an address.
 */
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
      const { stdout } = await this.#kubectl(namespace, ["get", "pods,services,endpoints", "-o=json"]);
      const { items } = JSON.parse(stdout || '{"items":[]}') as { readonly items: readonly Listed[] };
      const named = (kind: string) => items.flatMap((item) => (item.kind === kind ? (item.metadata?.name ?? []) : []));
      const addressed = new Set(named("Endpoints"));
      await Promise.all([
        ...items.flatMap((item) => (item.kind === "Pod" ? this.#settle(namespace, item) : [])),
        ...named("Service").flatMap((name) => (addressed.has(name) ? [] : this.#address(namespace, name))),
      ]);
      await sleep(POLL_MS, undefined, { signal: this.#stop.signal });
    }
  }

  async #settle(namespace: string, { metadata, status }: Listed): Promise<void> {
    const pod = ["pod", metadata?.name ?? ""];
    if (metadata?.deletionTimestamp !== undefined) {
      await this.#kubectl(namespace, ["delete", ...pod, "--force", "--grace-period=0", "--wait=false"]);
    } else if (status?.phase === "Running" && !status.conditions?.some(({ type }) => type === "Ready")) {
      await this.#kubectl(namespace, ["patch", ...pod, "--subresource=status", `--patch=${STATUS}`]);
    }
  }

  async #address(namespace: string, name: string): Promise<void> {
    const endpoints = { apiVersion: "v1", kind: "Endpoints", metadata: { name }, subsets: SUBSETS };
    await this.#kubectl(namespace, ["create", "-f", "-"], JSON.stringify(endpoints));
  }

  #kubectl(namespace: string, args: readonly string[], stdin?: string): ReturnType<ControlPlane["kubectl"]> {
    return this.#plane.kubectl([`--namespace=${namespace}`, ...args], stdin === undefined ? {} : { stdin });
  }
}
