import { type ChildProcess, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { stringify } from "yaml";
import type { ControlPlane } from "./control-plane.ts";
import { toolPath } from "./tools.ts";
import { until } from "./until.ts";

/** Where the API server expects a kubelet whose node names no port. */
const KUBELET_PORT = 10_250;
const START_MS = 30_000;

export interface DebugTargets {
  /** The node of the pods. */
  readonly node: string;
  /** Log of a container in the CRI format, by the container's name. */
  readonly logs: Readonly<Record<string, string>>;
  /** Port of this machine behind each port of a pod. */
  readonly ports: Readonly<Record<number, number>>;
}

/** The part of a kubelet that serves logs and port-forwards, by a kwok process that manages no node. */
export class DebugServer implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(plane: ControlPlane, { node, logs, ports }: DebugTargets): Promise<DebugServer> {
    const apiVersion = "kwok.x-k8s.io/v1alpha1";
    const files = Object.entries(logs).map(([container, logsFile]) => ({ containers: [container], logsFile }));
    const forwards = Object.entries(ports).map(([from, port]) => ({
      ports: [Number(from)],
      target: { port, address: "127.0.0.1" },
    }));
    const config = path.join(plane.folder, "kwok-debug.yaml");
    const objects = [
      { apiVersion, kind: "ClusterLogs", metadata: { name: "logs" }, spec: { logs: files } },
      { apiVersion, kind: "ClusterPortForward", metadata: { name: "forwards" }, spec: { forwards } },
    ];
    await writeFile(config, objects.map((object) => stringify(object)).join("---\n"));
    const host = new URL(plane.url).hostname;
    const args = [
      `--kubeconfig=${plane.kubeconfig}`,
      "--manage-nodes-with-label-selector=avatarpool.dev/managed-by-no-one=true",
      `--server-address=${host}:${KUBELET_PORT}`,
      // Without stages kwok does not start. It manages no node, so that it applies none.
      `--config=${path.join(import.meta.dirname, "kwok-stages.yaml")}`,
      `--config=${config}`,
    ];
    const kwok = spawn(await toolPath("kwok"), args, { stdio: "ignore" });
    await until("the debug server to listen", START_MS, async () => kwok.exitCode !== null || (await listens(host)));
    if (kwok.exitCode !== null) throw new Error(`kwok exited with ${kwok.exitCode}: run it with ${args.join(" ")}`);
    await nameAddress(plane, node, host);
    return new DebugServer(kwok);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
  }
}

/** Kwok gives nodes an empty host name, which the API server prefers to the address. */
async function nameAddress(plane: ControlPlane, node: string, host: string): Promise<void> {
  const patch = JSON.stringify({ status: { addresses: [{ type: "InternalIP", address: host }] } });
  const { code, stderr } = await plane.kubectl(["patch", "node", node, "--subresource=status", "--type=merge", `--patch=${patch}`]);
  if (code !== 0) throw new Error(`kubectl patch node failed: ${stderr}`);
}

function listens(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(KUBELET_PORT, host, () => resolve(true));
    socket.on("connect", () => socket.destroy());
    socket.on("error", () => resolve(false));
  });
}
