/** A node that kwok simulates. */
export interface NodeSpec {
  readonly name: string;
  readonly cpu?: string;
  readonly memory?: string;
  /** `nvidia.com/gpu` in capacity and allocatable. */
  readonly gpus?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly {
    readonly key: string;
    readonly value?: string;
    readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
  }[];
}

export function nodeManifest(spec: NodeSpec): object {
  const resources = {
    cpu: spec.cpu ?? "64",
    memory: spec.memory ?? "512Gi",
    "ephemeral-storage": "1Ti",
    pods: "1000",
    ...(spec.gpus === undefined ? {} : { "nvidia.com/gpu": String(spec.gpus) }),
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: spec.name,
      labels: {
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        ...spec.labels,
      },
    },
    spec: spec.taints === undefined ? {} : { taints: spec.taints },
    status: { capacity: resources, allocatable: resources },
  };
}

/** The fields of a node that the control plane uses. */
export interface Node {
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export function isReady(node: Node): boolean {
  return node.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** The node is Ready, and the node-lifecycle controller has removed the taint of new nodes. */
export function isUsable(node: Node): boolean {
  return isReady(node) && !node.spec.taints?.some(({ key }) => key.startsWith("node.kubernetes.io/"));
}
