import path from "node:path";
import type { V1Container } from "@kubernetes/client-node";
import { labels } from "../../../operator/api/names.ts";
import { deploymentName } from "../../../operator/api/pool-config.ts";
import { type ControlPlane, startControlPlane } from "../controlplane/index.ts";
import { type Fleet, startFleet } from "../fleet/index.ts";

const chart = path.join(import.meta.dirname, "..", "..", "..", "charts", "avatarpool");

export const NAMESPACE = "avatars";
/** Namespace of the chart. */
export const RELEASE = "avatarpool";

/** A control plane with stand-in workers and the chart's roles, without an operator. Tests create the gateway's objects. */
export interface GatewayCluster extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly fleet: Fleet;
  /** Standard output. @throws Error with kubectl's output if it fails. */
  readonly kubectl: (args: readonly string[], stdin?: string) => Promise<string>;
  readonly create: (object: object) => Promise<string>;
}

export interface GatewayClusterOptions {
  readonly gpus: number;
  /** Speed of the stand-in workers, as a multiple of real ones. */
  readonly timeFactor: number;
  /** Values of the chart, as for `helm --set`. */
  readonly values?: string;
}

export async function startGatewayCluster({ gpus, timeFactor, values }: GatewayClusterOptions): Promise<GatewayCluster> {
  await using started = new AsyncDisposableStack();
  const plane = started.use(await startControlPlane({ nodes: [{ name: "gpu-1", gpus }] }));
  const onLog = (line: string) => console.error(line);
  const fleet = started.use(await startFleet({ kubeconfig: plane.kubeconfig, timeFactor, onLog }));
  const succeed = async (run: ReturnType<ControlPlane["run"]>) => {
    const { code, stdout, stderr } = await run;
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const kubectl = (args: readonly string[], stdin = "") => succeed(plane.kubectl(args, { stdin }));
  const create = (object: object) => kubectl(["create", "-f", "-"], JSON.stringify(object));
  for (const name of [NAMESPACE, RELEASE]) await kubectl(["create", "namespace", name]);
  const set = values === undefined ? [] : [`--set=${values}`];
  await succeed(plane.run("helm", ["install", "avatarpool", chart, `--namespace=${RELEASE}`, ...set]));
  const running = started.move();
  return { plane, fleet, kubectl, create, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A pool with one preset, `maya`, on one GPU group. `spec` overrides its fields. */
export function poolObject(name: string, max: number, spec: object): object {
  return {
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: { namespace: NAMESPACE, name },
    spec: {
      apiSecretRef: { name: "maker" },
      presets: [{ name: "maya", image: { url: "http://images.test/maya.jpg" } }],
      workers: [{ name: "gpu", engine: "expression", max }],
      ...spec,
    },
  };
}

/** The operator's Deployment for a pool of `poolObject`, with the fields that a gateway reads. */
export function workersObject(pool: string, replicas: number, env: Readonly<Record<string, string>>): object {
  const own = { [labels.pool]: pool, [labels.group]: "gpu", [labels.engine]: "expression" };
  const container: V1Container = {
    name: "worker",
    image: "worker:1",
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    resources: { limits: { "nvidia.com/gpu": "1" } },
    startupProbe: { httpGet: { path: "/ready", port: 8089 }, periodSeconds: 1, failureThreshold: 60 },
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: NAMESPACE, name: deploymentName(pool, "gpu") },
    spec: { replicas, selector: { matchLabels: own }, template: { metadata: { labels: own }, spec: { containers: [container] } } },
  };
}
