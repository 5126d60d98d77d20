import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { AdminApi } from "./admin-api.ts";
import {
  AUDIT_POLICY,
  apiServerArgs,
  apiServerUrl,
  controllerManagerArgs,
  etcdArgs,
  kwokArgs,
  schedulerArgs,
} from "./components.ts";
import { type Credentials, writeAuthority, writeCredentials } from "./credentials.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import { podCidrOf } from "./network.ts";
import { isUsable, type Node, type NodeSpec, nodeManifest } from "./nodes.ts";
import { type Component, Processes } from "./processes.ts";
import { lineOnStderr, type Progress } from "./progress.ts";
import { type RunResult, run } from "./run.ts";
import { requestToken } from "./service-account.ts";
import type { ToolName } from "./tool-modules.ts";
import { toolPath } from "./tools.ts";
import { TimeoutError, until } from "./until.ts";

export interface ControlPlaneOptions {
  readonly nodes?: readonly NodeSpec[];
  /** Default true. False: only the API server and etcd, without nodes, so no pod is scheduled or started. */
  readonly kwok?: boolean;
  /** Nodes with a kubelet, which others start. The API server then uses `address`, which pods can reach. No kwok, and `nodes` is ignored. */
  readonly realNodes?: { readonly address: string; readonly names: readonly string[] };
  /** Default false. True: the API server writes an audit log of the requests of ServiceAccounts. */
  readonly audit?: boolean;
  /** Receives every step. If absent, only builds of missing tools and unexpected exits are reported, on stderr. */
  readonly progress?: Progress;
}

interface RunOptions {
  readonly stdin?: string;
  /** Path; default: the admin's. */
  readonly kubeconfig?: string;
}

const START_MS = 60_000;
const API_SERVER_TOOLS: readonly ToolName[] = ["etcd", "kube-apiserver"];
const CLUSTER_TOOLS: readonly ToolName[] = ["kube-controller-manager", "kube-scheduler"];

/**
 * Starts a Kubernetes control plane that is independent of all others on this machine: own address, own pod network, RBAC on.
 * Resolves when pods can be created and the nodes are Ready.
 *
 * @throws with the end of the log of the component that failed. All processes have then ended.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const tools = new Map<ToolName, string>();
  const withNodes = options.kwok ?? true;
  const { realNodes } = options;
  const clusterTools = realNodes === undefined ? [...CLUSTER_TOOLS, "kwok" as const] : CLUSTER_TOOLS;
  for (const name of withNodes ? [...API_SERVER_TOOLS, ...clusterTools] : API_SERVER_TOOLS) {
    tools.set(name, await toolPath(name, options.progress));
  }
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-"));
  const [processes, credentials] = await Promise.all([Processes.start(folder), writeCredentials(folder, realNodes?.names)]);
  const plane = new ControlPlane({
    processes,
    credentials,
    tools,
    withNodes,
    realAddress: realNodes?.address,
    audit: options.audit ?? false,
    progress: options.progress,
  });
  try {
    await plane.start(options.nodes ?? []);
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

/** A running control plane. Created by `startControlPlane`. */
export class ControlPlane implements AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** Path of the admin's kubeconfig. */
  readonly kubeconfig: string;
  /** This instance's own `127.k.0.0/16`; pods begin at `127.k.1.1`. */
  readonly podCidr: string;
  readonly #processes: Processes;
  readonly #credentials: Credentials;
  readonly #tools: ReadonlyMap<ToolName, string>;
  readonly #withNodes: boolean;
  /** Address of the API server. */
  readonly #address: string;
  readonly #audit: { readonly policyFile: string; readonly logFile: string } | undefined;
  readonly #progress: Progress | undefined;
  readonly #stopped = new AbortController();
  #api: AdminApi | undefined;

  constructor(parts: {
    readonly processes: Processes;
    readonly credentials: Credentials;
    readonly tools: ReadonlyMap<ToolName, string>;
    readonly withNodes: boolean;
    readonly realAddress: string | undefined;
    readonly audit: boolean;
    readonly progress: Progress | undefined;
  }) {
    this.#processes = parts.processes;
    this.#credentials = parts.credentials;
    this.#tools = parts.tools;
    this.#withNodes = parts.withNodes;
    this.#progress = parts.progress;
    this.folder = parts.processes.folder;
    const inFolder = (file: string) => path.join(this.folder, file);
    this.#audit = parts.audit ? { policyFile: inFolder("audit.yaml"), logFile: inFolder("audit.log") } : undefined;
    this.#address = parts.realAddress ?? parts.processes.address;
    this.url = apiServerUrl(this.#address);
    this.podCidr = podCidrOf(parts.processes.address);
    this.kubeconfig = path.join(this.folder, "admin.kubeconfig");
  }

  /** Called once, by `startControlPlane`. */
  async start(nodes: readonly NodeSpec[]): Promise<void> {
    this.#progress?.(`starting etcd and kube-apiserver ${this.url}`);
    // The API server retries until etcd is ready.
    await this.#untilUp([await this.#launchEtcd()], this.startApiServer());
    if (this.#withNodes) await this.#startCluster(nodes);
    this.#progress?.("control plane ready");
  }

  /** Starts the API server, on the same port and data as before, and waits until it is ready. */
  async startApiServer(): Promise<void> {
    if (this.#audit !== undefined) await writeFile(this.#audit.policyFile, AUDIT_POLICY);
    const options = { etcd: this.#processes.address, serviceAccounts: this.#withNodes, audit: this.#audit };
    const component = await this.#launch("kube-apiserver", apiServerArgs(this.#address, this.#credentials, options));
    await this.#untilUp([component], this.#untilReady());
  }

  /** SIGKILL: the connections of clients break. etcd keeps the data. */
  async stopApiServer(): Promise<void> {
    await this.#processes.kill("kube-apiserver");
  }

  /** SIGKILL. The API server answers no request meanwhile. */
  async stopEtcd(): Promise<void> {
    await this.#processes.kill("etcd");
  }

  /** Starts etcd again, with the data that it had. Resolves when the API server is ready. */
  async startEtcd(): Promise<void> {
    await this.#untilUp([await this.#launchEtcd()], this.#untilReady());
  }

  /** Resolves when pods can be scheduled on it. */
  async addNode(spec: NodeSpec): Promise<void> {
    await this.#admin.demand("POST", "/api/v1/nodes", nodeManifest(spec));
    await this.#until(`node ${spec.name} to be Ready`, async () => {
      return isUsable(await this.#admin.demand<Node>("GET", `/api/v1/nodes/${spec.name}`));
    });
  }

  /** Simulates the loss of a machine: the pod garbage collector deletes its pods after about a minute. */
  async removeNode(name: string): Promise<void> {
    await this.#admin.demand("DELETE", `/api/v1/nodes/${name}`);
  }

  /** Path of a kubeconfig with a token for an existing ServiceAccount, valid for a day. */
  async serviceAccountKubeconfig(namespace: string, name: string): Promise<string> {
    return writeKubeconfig(path.join(this.folder, `${namespace}-${name}.kubeconfig`), {
      url: this.url,
      authorityFile: this.#credentials.authorityFile,
      user: name,
      token: await requestToken(this.#admin, { namespace, name }),
      namespace,
    });
  }

  /** Path of the kubeconfig of a kubelet, or of another program with the same rights. */
  async nodeKubeconfig(name: string): Promise<string> {
    const token = this.#credentials.nodeTokens.get(name);
    if (token === undefined) throw new Error(`${name} is none of the nodes with a kubelet`);
    const { url } = this;
    const { authorityFile } = this.#credentials;
    const file = path.join(this.folder, `${name}.kubeconfig`);
    return writeKubeconfig(file, { url, authorityFile, user: name, token, namespace: "default" });
  }

  /** Path of the certificate with which the API server connects to kubelets. @throws Error without `realNodes`. */
  get kubeletClientCertificate(): string {
    const file = this.#credentials.kubeletClient?.certificateFile;
    if (file === undefined) throw new Error("the control plane has no nodes with a kubelet");
    return file;
  }

  /** A token for an existing ServiceAccount, valid for a day. Default audience: the API server. */
  serviceAccountToken(namespace: string, name: string, audience?: string): Promise<string> {
    return requestToken(this.#admin, { namespace, name }, audience === undefined ? undefined : [audience]);
  }

  /** The events of the audit log so far, one JSON object per line. @throws Error unless `audit` is set. */
  async auditLog(): Promise<string> {
    if (this.#audit === undefined) throw new Error("the control plane has no audit log: start it with audit");
    return readFile(this.#audit.logFile, "utf8");
  }

  kubectl(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return this.run("kubectl", args, options);
  }

  /** Runs a tool against this cluster, with caches and settings of this instance only. */
  async run(tool: ToolName, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const env = { ...process.env, KUBECONFIG: options.kubeconfig ?? this.kubeconfig, HOME: this.folder };
    return run(await toolPath(tool, this.#progress), args, {
      env,
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    });
  }

  /** Ends all processes and removes the folder. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#processes.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startCluster(nodes: readonly NodeSpec[]): Promise<void> {
    this.#progress?.("starting kube-controller-manager, kube-scheduler and the nodes");
    const kwok = this.#tools.has("kwok") ? [this.#launch("kwok", kwokArgs(this.kubeconfig, this.#processes.address))] : [];
    const components = await Promise.all([
      this.#launch("kube-controller-manager", controllerManagerArgs(this.kubeconfig, this.#credentials)),
      this.#launch("kube-scheduler", schedulerArgs(this.kubeconfig)),
      ...kwok,
    ]);
    const serviceAccount = this.#until("the default ServiceAccount", async () => {
      const answer = await this.#admin.request("GET", "/api/v1/namespaces/default/serviceaccounts/default");
      return answer.status === 200;
    });
    await this.#untilUp(components, Promise.all([serviceAccount, ...nodes.map((node) => this.addNode(node))]));
  }

  #launchEtcd(): Promise<Component> {
    return this.#launch("etcd", etcdArgs(this.folder, this.#processes.address));
  }

  #untilReady(): Promise<void> {
    return this.#until("kube-apiserver to be ready", async () => {
      this.#api ??= await this.#connect();
      return (await this.#api.request("GET", "/readyz")).status === 200;
    });
  }

  #launch(name: ToolName, args: readonly string[]): Promise<Component> {
    return this.#processes.start(name, this.#tools.get(name) ?? name, args);
  }

  /** Waits for `up`. If a component exits first or time runs out, the error quotes its log. Later exits are reported. */
  async #untilUp(components: readonly Component[], up: Promise<unknown>): Promise<void> {
    const ends = components.map(async (component): Promise<never> => {
      const how = await component.ended;
      throw new Error(`${component.name} ended (${how}) before it was ready.\n${await this.#processes.logEnd(component.name)}`);
    });
    try {
      await Promise.race([up, ...ends]);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      const logs = await Promise.all(components.map(({ name }) => this.#processes.logEnd(name)));
      throw new Error(`${error.message}.\n${logs.join("\n")}`, { cause: error });
    }
    for (const component of components) void this.#tellOfEnd(component);
  }

  #until(what: string, probe: () => Promise<boolean>): Promise<void> {
    return until(what, START_MS, probe, this.#stopped.signal);
  }

  async #tellOfEnd({ name, ended }: Component): Promise<void> {
    const how = await ended;
    // This class itself ends components by SIGKILL.
    if (how === "SIGKILL") return;
    const say = this.#progress ?? lineOnStderr;
    say(`${name} ended unexpectedly (${how}).\n${await this.#processes.logEnd(name)}`);
  }

  async #connect(): Promise<AdminApi> {
    const authority = await writeAuthority(this.#credentials);
    const { url } = this;
    const { authorityFile, adminToken: token } = this.#credentials;
    await writeKubeconfig(this.kubeconfig, { url, authorityFile, user: "admin", token, namespace: "default" });
    return new AdminApi({ url, authority, token });
  }

  get #admin(): AdminApi {
    if (this.#api === undefined) throw new Error("the API server has not become ready");
    return this.#api;
  }
}
