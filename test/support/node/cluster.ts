import { type ControlPlane, type Progress, startControlPlane } from "../controlplane/index.ts";
import { isUsable, type Node } from "../controlplane/nodes.ts";
import { until } from "../controlplane/until.ts";
import { CLUSTER_CIDR, CONTROL_PLANE_ADDRESS, type IpFamily, nodeAddresses } from "./network.ts";
import { type ImageArchive, RealNode } from "./real-node.ts";

export interface ClusterOptions {
  /** Default IPv4. */
  readonly family?: IpFamily;
  /** Names, with the number of GPUs that each node claims to have. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly images: readonly ImageArchive[];
  readonly pause: ImageArchive;
  readonly progress?: Progress;
}

const READY_MS = 20_000;

/** A control plane and machines on which containers run. */
export class Cluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly nodes: ReadonlyMap<string, RealNode>;
  readonly #gpus: Readonly<Record<string, number>>;

  /** Resolves when all nodes are Ready. Must run in the namespaces of private-machine.sh. */
  static async start({ family = "IPv4", nodes, images, pause, progress }: ClusterOptions): Promise<Cluster> {
    const names = Object.keys(nodes);
    await using started = new AsyncDisposableStack();
    const realNodes = { address: CONTROL_PLANE_ADDRESS[family], names };
    const plane = started.use(await startControlPlane({ realNodes, ...(progress === undefined ? {} : { progress }) }));
    progress?.(`starting the nodes ${names.join(" and ")}`);
    const all = names.map((_, index) => nodeAddresses(family, index));
    const machines = new Map<string, RealNode>();
    for (const [index, name] of names.entries()) {
      const addresses = nodeAddresses(family, index);
      const node = await RealNode.start({
        name,
        addresses,
        others: all.slice(0, index),
        images,
        pause,
        kubeconfig: await plane.nodeKubeconfig(name),
        proxyKubeconfig: plane.kubeconfig,
        clientCertificate: plane.kubeletClientCertificate,
        clusterCidr: CLUSTER_CIDR[family],
      });
      machines.set(name, started.use(node));
    }
    const cluster = new Cluster(plane, machines, nodes, started.move());
    await Promise.all(names.map((name) => cluster.nodeReady(name)));
    await Promise.all([...machines.values()].map((node) => node.start("kube-router")));
    progress?.("nodes ready");
    return cluster;
  }

  readonly #started: AsyncDisposableStack;

  private constructor(
    plane: ControlPlane,
    nodes: ReadonlyMap<string, RealNode>,
    gpus: Readonly<Record<string, number>>,
    started: AsyncDisposableStack,
  ) {
    this.plane = plane;
    this.nodes = nodes;
    this.#gpus = gpus;
    this.#started = started;
  }

  node(name: string): RealNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#started.disposeAsync();
  }

  async #read(name: string): Promise<Node> {
    const { stdout, stderr } = await this.plane.kubectl(["get", "node", name, "-o", "json"]);
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** This machine has no GPU. The scheduler and the kubelet believe the number in the node's status. */
  async #claimGpus(name: string): Promise<void> {
    const gpus = { "nvidia.com/gpu": String(this.#gpus[name] ?? 0) };
    const patch = JSON.stringify({ status: { capacity: gpus, allocatable: gpus } });
    const { code, stderr } = await this.plane.kubectl(["patch", "node", name, "--subresource=status", "--type=merge", "-p", patch]);
    if (code !== 0) throw new Error(stderr);
  }
}
