import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ControlPlane, type Progress, startControlPlane, toolPath, until } from "../controlplane/index.ts";
import { isReady, isUsable, type Node } from "../controlplane/nodes.ts";
import { Processes } from "../controlplane/processes.ts";
import type { ImageArchive } from "../images/index.ts";
import { proxyArguments } from "./kube-proxy.ts";
import { addNodeNetwork, CLUSTER_CIDR, CONTROL_PLANE_ADDRESS, type IpFamily, nodeAddresses } from "./network.ts";
import { RealNode } from "./real-node.ts";

export interface ClusterOptions {
  /** Default IPv4. */
  readonly family?: IpFamily;
  /** Names, with the number of GPUs that each node claims to have. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly images: readonly ImageArchive[];
  readonly pause: ImageArchive;
  readonly progress?: Progress;
}

const READY_MS = 60_000;
/** A disk that gets full is first full for the last node. */
const SPARE_DISK_GIB = 4;

/** A control plane and machines on which containers run. Must be created in the namespaces of private-machine.sh. */
export class Cluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly #options: ClusterOptions;
  readonly #family: IpFamily;
  /** The programs that connect clients outside of the nodes. */
  readonly #clients: Processes;
  readonly #nodes = new Map<string, RealNode>();

  /** Resolves when all nodes are Ready. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { family = "IPv4", nodes, progress } = options;
    const names = Object.keys(nodes);
    const realNodes = { address: CONTROL_PLANE_ADDRESS[family], names };
    const plane = await startControlPlane({ realNodes, ...(progress === undefined ? {} : { progress }) });
    const clients = await Processes.start(await mkdtemp(path.join(tmpdir(), "avatarpool-clients-")));
    const cluster = new Cluster(plane, clients, options);
    try {
      progress?.(`starting the nodes ${names.join(" and ")}`);
      await Promise.all(names.map((name) => cluster.addNode(name)));
      await cluster.#connectClients();
      progress?.("nodes ready");
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(plane: ControlPlane, clients: Processes, options: ClusterOptions) {
    this.plane = plane;
    this.#clients = clients;
    this.#options = options;
    this.#family = options.family ?? "IPv4";
  }

  /** The nodes that run. */
  get nodes(): readonly RealNode[] {
    return [...this.#nodes.values()];
  }

  node(name: string): RealNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  }

  /** Runs kubectl. @throws Error with its output if it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.plane.kubectl(args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Boots one of the machines of the options, also after it was lost. Resolves when pods can be scheduled on it. */
  async addNode(name: string): Promise<void> {
    const { plane } = this;
    const { nodes, images, pause } = this.#options;
    const names = Object.keys(nodes);
    const index = names.indexOf(name);
    const addresses = nodeAddresses(this.#family, index);
    await addNodeNetwork(addresses);
    const node = await RealNode.start({
      name,
      addresses,
      images,
      pause,
      spareDiskGiB: SPARE_DISK_GIB * (names.length - index),
      kubeconfig: await plane.nodeKubeconfig(name),
      proxyKubeconfig: plane.kubeconfig,
      clientCertificate: plane.kubeletClientCertificate,
      clusterCidr: CLUSTER_CIDR[this.#family],
    });
    this.#nodes.set(name, node);
    await this.nodeReady(name);
    await node.start("kube-router");
  }

  /** Waits until pods can be scheduled on the node, with its GPUs: a kubelet that restarts sets their number to 0. */
  async nodeReady(name: string): Promise<void> {
    try {
      await until(`node ${name} to be Ready`, READY_MS, async () => isUsable(await this.#read(name)));
    } catch (error) {
      throw new Error(`${name} is not Ready.\n${await this.node(name).logEnds()}`, { cause: error });
    }
    await this.#claimGpus(name);
  }

  /** Waits until the control plane has noticed that the node is out of reach. */
  async nodeNotReady(name: string): Promise<void> {
    await until(`node ${name} to be NotReady`, READY_MS, async () => !isReady(await this.#read(name)));
  }

  /** The machine breaks: its containers end at once. Its Node object is deleted when the control plane has noticed. */
  async loseNode(name: string): Promise<void> {
    await this.node(name).lose();
    this.#nodes.delete(name);
    await this.nodeNotReady(name);
    await this.kubectl("delete", "node", name);
  }

  /**
   * After an outage of the API server, kube-proxy waits up to 30 s before it connects again. Meanwhile it forwards to pods that are
   * gone. Resolves when all of them follow the Services again.
   */
  async restartProxies(): Promise<void> {
    const restart = async (programs: Pick<RealNode, "kill" | "start">) => {
      await programs.kill("kube-proxy");
      await programs.start("kube-proxy");
    };
    await Promise.all(this.nodes.map(restart));
    await this.#clients.kill("kube-proxy");
    await this.#connectClients();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.lose()));
    await this.#clients.end();
    await this.plane.stop();
  }

  /** Clients outside of the nodes reach Services too. */
  async #connectClients(): Promise<void> {
    const proxy = {
      name: this.nodes[0]?.name ?? "",
      proxyKubeconfig: this.plane.kubeconfig,
      clusterCidr: CLUSTER_CIDR[this.#family],
    };
    await this.#clients.start("kube-proxy", await toolPath("kube-proxy"), proxyArguments(proxy));
  }

  async #read(name: string): Promise<Node> {
    return JSON.parse(await this.kubectl("get", "node", name, "-o", "json"));
  }

  /** This machine has no GPU. The scheduler and the kubelet believe the number in the node's status. */
  async #claimGpus(name: string): Promise<void> {
    const gpus = { "nvidia.com/gpu": String(this.#options.nodes[name] ?? 0) };
    const patch = JSON.stringify({ status: { capacity: gpus, allocatable: gpus } });
    await this.kubectl("patch", "node", name, "--subresource=status", "--type=merge", "-p", patch);
  }
}
