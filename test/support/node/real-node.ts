import { mkdir, mkdtemp, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Component, Processes } from "../controlplane/processes.ts";
import { runChecked } from "../controlplane/run.ts";
import type { ToolName } from "../controlplane/tool-modules.ts";
import { cacheFolder, toolPath } from "../controlplane/tools.ts";
import { until } from "../controlplane/until.ts";
import type { ImageArchive } from "../images/index.ts";
import { createCgroup, nodeCgroup, removeCgroup } from "./cgroups.ts";
import { type ContainerdFiles, writeContainerdConfig } from "./containerd.ts";
import { importImages, lines } from "./image-import.ts";
import { type ProxyOptions, proxyArguments } from "./kube-proxy.ts";
import { writeKubeletConfig } from "./kubelet.ts";
import { unmountBelow } from "./mounts.ts";
import { endProcessesOf, inNetworkOf, type NodeAddresses, removeNodeNetwork, setNodeLink } from "./network.ts";

export interface RealNodeOptions extends ProxyOptions {
  /** Its network exists. */
  readonly addresses: NodeAddresses;
  readonly images: readonly ImageArchive[];
  /** Image of the pods' sandboxes. */
  readonly pause: ImageArchive;
  readonly clientCertificate: string;
  /** The kubelet evicts pods when so much more of the disk is in use than at its start. All nodes share this machine's disk. */
  readonly spareDiskGiB: number;
  /** Path of the kubelet's kubeconfig. */
  readonly kubeconfig: string;
}

type Program = Extract<ToolName, "containerd" | "kubelet" | "kube-proxy" | "kube-router">;

const START_MS = 30_000;
const GIBIBYTE = 2 ** 30;

/**
 * A machine of the cluster: containerd, kubelet, kube-proxy and an agent for NetworkPolicies, in a network namespace of their own.
 * Its containers are real.
 */
export class RealNode implements AsyncDisposable {
  readonly name: string;
  readonly addresses: NodeAddresses;
  /** Cgroup of all its pods, below `/sys/fs/cgroup/<controller>`. */
  readonly cgroup: string;
  readonly #options: RealNodeOptions;
  readonly #processes: Processes;
  readonly #containerd: ContainerdFiles;
  readonly #arguments: ReadonlyMap<Program, readonly string[]>;
  #lost = false;

  /**
   * Resolves when the kubelet runs. Its node becomes Ready a few seconds later. `kube-router` is not started: it ends if its
   * node has not been registered.
   */
  static async start(options: RealNodeOptions): Promise<RealNode> {
    const { name, addresses } = options;
    const folder = await mkdtemp(path.join(tmpdir(), `avatarpool-${name}-`));
    await mkdir(path.join(folder, "pod-logs"));
    const processes = await Processes.start(folder);
    const cgroup = nodeCgroup(name);
    await createCgroup(cgroup);
    const images = path.join(cacheFolder(), `containerd-of-${name}`);
    const containerd = await writeContainerdConfig({ folder, images, node: addresses, pause: options.pause.reference });
    const { bavail, bsize } = await statfs(folder);
    const kubelet = await writeKubeletConfig(
      {
        name,
        folder,
        node: addresses,
        cgroup,
        kubeconfig: options.kubeconfig,
        clientCertificate: options.clientCertificate,
        diskPressureBelow: Math.max(0, bavail * bsize - options.spareDiskGiB * GIBIBYTE),
      },
      containerd,
    );
    const programs = new Map<Program, readonly string[]>([
      ["containerd", [`--config=${containerd.config}`]],
      ["kubelet", kubelet],
      ["kube-proxy", proxyArguments(options)],
      ["kube-router", policyArguments(options)],
    ]);
    const node = new RealNode(options, { processes, cgroup, containerd, programs });
    try {
      await node.#boot();
      return node;
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(
    options: RealNodeOptions,
    parts: {
      readonly processes: Processes;
      readonly cgroup: string;
      readonly containerd: ContainerdFiles;
      readonly programs: ReadonlyMap<Program, readonly string[]>;
    },
  ) {
    this.#options = options;
    this.name = options.name;
    this.addresses = options.addresses;
    this.cgroup = parts.cgroup;
    this.#processes = parts.processes;
    this.#containerd = parts.containerd;
    this.#arguments = parts.programs;
  }

  /** Folder of the node's files, with a log of each program. */
  get folder(): string {
    return this.#processes.folder;
  }

  /** SIGKILL. Containers go on. */
  async kill(program: Program): Promise<void> {
    await this.#processes.kill(program);
  }

  /** Starts a program that was killed. */
  async start(program: Program): Promise<Component> {
    const [command, args] = inNetworkOf(this.addresses, await toolPath(program), this.#arguments.get(program) ?? []);
    const component = await this.#processes.start(program, command, args);
    if (program === "containerd") await this.#untilContainerdAnswers(component);
    return component;
  }

  /** Pulls or plugs the cable of the machine, which goes on. */
  async connect(connected: boolean): Promise<void> {
    await setNodeLink(this.addresses, connected ? "up" : "down");
  }

  /** The machine is gone: all its processes end, containers too, without a signal that they could handle. */
  async lose(): Promise<void> {
    if (this.#lost) return;
    this.#lost = true;
    await setNodeLink(this.addresses, "down");
    await endProcessesOf(this.addresses);
    await removeCgroup(this.cgroup);
    await unmountBelow(this.folder);
    await removeNodeNetwork(this.addresses);
    await this.#processes.end();
  }

  /** The last lines of the logs of its programs. */
  async logEnds(): Promise<string> {
    return (await Promise.all([...this.#arguments.keys()].map((program) => this.#processes.logEnd(program)))).join("\n");
  }

  /** Runs containerd's command line client. */
  async ctr(...args: readonly string[]): Promise<string> {
    return runChecked(await toolPath("ctr"), [`--address=${this.#containerd.socket}`, "--namespace=k8s.io", ...args], this.folder);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.lose();
  }

  async #boot(): Promise<void> {
    await this.start("containerd");
    await this.#forgetContainers();
    await importImages((...args) => this.ctr(...args), [this.#options.pause, ...this.#options.images]);
    await Promise.all((["kubelet", "kube-proxy"] as const).map((program) => this.start(program)));
  }

  /** The folder of the images also lists the containers of the last run. */
  async #forgetContainers(): Promise<void> {
    const left = lines(await this.ctr("containers", "ls", "--quiet"));
    if (left.length === 0) return;
    await this.ctr("containers", "rm", ...left);
    await this.kill("containerd");
    await this.start("containerd");
  }

  async #untilContainerdAnswers({ ended }: Component): Promise<void> {
    const answers = until("containerd to answer", START_MS, async () => (await this.ctr("version")) !== "");
    const how = await Promise.race([answers, ended]);
    if (how !== undefined) throw new Error(`containerd ended (${how}).\n${await this.#processes.logEnd("containerd")}`);
  }
}

/** Enforces NetworkPolicies and does nothing else. */
function policyArguments({ name, proxyKubeconfig, addresses }: RealNodeOptions): readonly string[] {
  const ipv6 = addresses.address.includes(":");
  return [
    `--kubeconfig=${proxyKubeconfig}`,
    `--hostname-override=${name}`,
    "--run-firewall=true",
    "--run-router=false",
    "--run-service-proxy=false",
    `--enable-ipv4=${!ipv6}`,
    `--enable-ipv6=${ipv6}`,
    `--service-cluster-ip-range=${ipv6 ? "fd00:10:96::/108" : "10.96.0.0/12"}`,
    "--health-port=0",
    "--metrics-port=0",
  ];
}
