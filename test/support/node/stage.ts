import path from "node:path";
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
import { NodeScenario } from "./scenario.ts";

/** The node with GPUs, which it only claims to have. */
export const GPU_NODE = "gpu-0";
export const CPU_NODE = "cpu-0";

const CHART = path.join(import.meta.dirname, "..", "..", "..", "charts", "avatarpool");
export const RELEASE_NAMESPACE = "avatarpool";

export interface NodeStageOptions {
  /** Default IPv4. */
  readonly family?: IpFamily;
  /** GPUs of the node `gpu-0`. Default 3. */
  readonly gpus?: number;
  readonly progress?: Progress;
}

interface Parts {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly images: Images;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;
}

/** The product as its users run it: the chart by helm, all of it in pods on two nodes, with a real LiveKit server and real callers. */
export class NodeStage implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly images: Images;
  readonly livekit: LivekitServer;
  readonly callers: Callers;
  readonly models: ModelServer;
  readonly #resources: AsyncDisposableStack;

  static async open({ family = "IPv4", gpus = 3, progress }: NodeStageOptions = {}): Promise<NodeStage> {
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
    const address = CONTROL_PLANE_ADDRESS[family];
    const livekit = resources.use(await startLivekit({ network: { address, interface: "net0" } }));
    const callers = resources.use(new Callers(livekit.url, { python, folder: plane.folder }));
    const models = resources.use(await ModelServer.start(address));
    const client = new KubeClient(loadKubeConfig(plane.kubeconfig), { userAgent: "scenario" });
    resources.defer(() => client.close());
    const stage = new NodeStage({ cluster, client, images, livekit, callers, models }, resources.move());
    try {
      progress?.("installing the chart");
      await stage.install();
      progress?.("the operator and the gateways are ready");
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
    return stage;
  }

  private constructor(parts: Parts, resources: AsyncDisposableStack) {
    this.cluster = parts.cluster;
    this.client = parts.client;
    this.images = parts.images;
    this.livekit = parts.livekit;
    this.callers = parts.callers;
    this.models = parts.models;
    this.#resources = resources;
  }

  /** Runs kubectl. @throws Error with its output if it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.cluster.plane.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Names of the pods on a node, in all namespaces. */
  async podsOn(node: string): Promise<readonly string[]> {
    const args = ["get", "pods", "--all-namespaces", `--field-selector=spec.nodeName=${node}`];
    return (await this.kubectl(...args, "-o=jsonpath={.items[*].metadata.name}")).split(" ").filter(Boolean);
  }

  /** Installs or upgrades the chart, and waits until its pods are ready. `values` have the format of `--set`. */
  async install(...values: readonly string[]): Promise<void> {
    const [repository = "", tag = ""] = this.images.avatarpool.reference.split(/:(?=[^/]+$)/);
    const all = [
      `image.repository=${repository},image.tag=${tag}`,
      // The gateways may read the LiveKit key of the pools.
      "gateway.secretAccess.enabled=true,gateway.secretAccess.names={livekit}",
      "networkPolicy.enabled=true",
      ...values,
    ];
    await this.#releaseNamespace();
    const args = ["upgrade", "--install", "avatarpool", CHART, `--namespace=${RELEASE_NAMESPACE}`, "--wait", "--timeout=2m"];
    const { code, stderr } = await this.cluster.plane.run("helm", [...args, ...all.map((value) => `--set=${value}`)]);
    if (code === 0) return;
    const pods = await this.cluster.plane.kubectl(["describe", "pods", `--namespace=${RELEASE_NAMESPACE}`]);
    throw new Error(`helm upgrade --install failed: ${stderr}\n${pods.stdout}`);
  }

  /** Creates a namespace with the Secrets of a pool, in which only pods with the profile `restricted` are admitted. */
  async scenario(namespace: string): Promise<NodeScenario> {
    const { callers, client, cluster } = this;
    const gatewayUrl = await this.#gatewayUrl();
    const scenario = new NodeScenario({ callers, plane: cluster.plane, client, gatewayUrl }, namespace);
    await scenario.createNamespace({});
    await this.#restrict(namespace);
    await scenario.createLivekitKey();
    return scenario;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }

  async #releaseNamespace(): Promise<void> {
    const { code } = await this.cluster.plane.kubectl(["create", "namespace", RELEASE_NAMESPACE]);
    if (code === 0) await this.#restrict(RELEASE_NAMESPACE);
  }

  async #restrict(namespace: string): Promise<void> {
    await this.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
  }

  /** The Service, as clients in the cluster reach it. */
  async #gatewayUrl(): Promise<string> {
    const output = "-o=jsonpath={.spec.clusterIP}";
    const address = await this.kubectl("get", "service", "avatarpool-gateway", `--namespace=${RELEASE_NAMESPACE}`, output);
    return httpOrigin(address, 80);
  }
}
