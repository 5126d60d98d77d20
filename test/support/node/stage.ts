import { httpOrigin } from "../../../operator/api/http-origin.ts";
import { KubeClient } from "../../../operator/kube/client.ts";
import { loadKubeConfig } from "../../../operator/kube/config.ts";
import { lineOnStderr, type Progress } from "../controlplane/index.ts";
import { ensureImages, type Images } from "../images/index.ts";
import { type LivekitServer, startLivekit } from "../livekit/server.ts";
import { Callers } from "../media/callers.ts";
import { essencePython } from "../python.ts";
import { ModelServer } from "../scenario/model-server.ts";
import { Cluster } from "./cluster.ts";
import { CONTROL_PLANE_ADDRESS, type IpFamily } from "./network.ts";
import { RELEASE_NAMESPACE, Release } from "./release.ts";
import { NodeScenario } from "./scenario.ts";

/** The node with GPUs, which it only claims to have. */
export const GPU_NODE = "gpu-0";
export const CPU_NODE = "cpu-0";

/** The port of operator and gateways with their metrics. */
const INTERNAL_PORT = 8_081;

export interface NodeStageOptions {
  /** Default IPv4. */
  readonly family?: IpFamily;
  /** GPUs of the node `gpu-0`. Default 3. */
  readonly gpus?: number;
  /** Namespaces whose pools get the webhooks of LiveKit. Default: none. */
  readonly webhooks?: readonly string[];
  readonly progress?: Progress;
}

interface Parts {
  readonly release: Release;
  readonly client: KubeClient;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;
}

/** The product as its users run it: the chart by helm, all of it in pods on two nodes, with a real LiveKit server and real callers. */
export class NodeStage implements AsyncDisposable {
  readonly client: KubeClient;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;
  readonly #release: Release;
  readonly #resources: AsyncDisposableStack;

  static async open({ family = "IPv4", gpus = 3, webhooks = [], progress }: NodeStageOptions = {}): Promise<NodeStage> {
    const images = await ensureImages(progress ?? lineOnStderr);
    const python = await essencePython(progress ?? lineOnStderr);
    await using resources = new AsyncDisposableStack();
    const cluster = resources.use(
      await Cluster.start({
        family,
        nodes: { [GPU_NODE]: gpus, [CPU_NODE]: 0 },
        images: [images.avatarpool, images.essence],
        pause: images.pause,
        ...(progress === undefined ? {} : { progress }),
      }),
    );
    const { plane } = cluster;
    const release = new Release(cluster, images);
    progress?.("installing the chart");
    await release.install();
    progress?.("the operator and the gateways are ready");
    const address = CONTROL_PLANE_ADDRESS[family];
    const gatewayUrl = await release.gatewayUrl();
    const webhookUrls = webhooks.map((namespace) => `${gatewayUrl}/${namespace}/pool/livekit-webhook`);
    const livekit = resources.use(await startLivekit({ webhookUrls, network: { address, interface: "net0" } }));
    const callers = resources.use(new Callers(livekit.url, { python, folder: plane.folder }));
    const models = resources.use(await ModelServer.start(address));
    const client = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "scenario" });
    resources.defer(() => client.close());
    return new NodeStage({ release, client, livekit, callers, models }, resources.move());
  }

  private constructor(parts: Parts, resources: AsyncDisposableStack) {
    this.#release = parts.release;
    this.client = parts.client;
    this.livekit = parts.livekit;
    this.callers = parts.callers;
    this.models = parts.models;
    this.#resources = resources;
  }

  get cluster(): Cluster {
    return this.#release.cluster;
  }

  get images(): Images {
    return this.#release.images;
  }

  /** Runs kubectl. @throws Error with its output if it fails. */
  kubectl(...args: readonly string[]): Promise<string> {
    return this.cluster.kubectl(...args);
  }

  /** Names of the pods on a node, in all namespaces. */
  async podsOn(node: string): Promise<readonly string[]> {
    const args = ["get", "pods", "--all-namespaces", `--field-selector=spec.nodeName=${node}`];
    return (await this.kubectl(...args, "-o=jsonpath={.items[*].metadata.name}")).split(" ").filter(Boolean);
  }

  /** Upgrades the chart, and waits until its pods are ready. `values` have the format of `--set`. */
  install(...values: readonly string[]): Promise<void> {
    return this.#release.install(...values);
  }

  /** The metrics of all operators and gateways, as Prometheus reads them. */
  async metrics(): Promise<readonly string[]> {
    const list = ["get", "pods", `--namespace=${RELEASE_NAMESPACE}`, "--output=jsonpath={.items[*].status.podIP}"];
    const addresses = (await this.kubectl(...list)).split(" ").filter(Boolean);
    return Promise.all(addresses.map(async (address) => (await fetch(`${httpOrigin(address, INTERNAL_PORT)}/metrics`)).text()));
  }

  /** Creates a namespace with the Secrets of a pool, in which only pods with the profile `restricted` are admitted. */
  async scenario(namespace: string): Promise<NodeScenario> {
    const { callers, client, cluster } = this;
    const gatewayUrl = await this.#release.gatewayUrl();
    const scenario = new NodeScenario({ callers, plane: cluster.plane, client, gatewayUrl }, namespace);
    await scenario.createNamespace({});
    await this.#release.restrict(namespace);
    await scenario.createLivekitKey();
    return scenario;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
