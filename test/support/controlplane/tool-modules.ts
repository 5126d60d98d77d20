/** A program that the demo and the tests run, built by Go from a pinned module. */
export type ToolName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubectl"
  | "kubelet"
  | "kube-proxy"
  | "containerd"
  | "containerd-shim-runc-v2"
  | "ctr"
  | "kube-router"
  | "kwok"
  | "helm"
  | "pulumi"
  | "pulumi-language"
  | "pulumi-resource-kubernetes"
  | "livekit-server"
  | "actionlint"
  | "validate-crd";

/** A folder under `tools/` with a go.mod whose `tool` directives name these programs. */
export interface ToolModule {
  readonly folder: string;
  readonly tools: readonly ToolName[];
  readonly ldflags: string;
  /** Measured time of a build with an empty cache on 2 cores. */
  readonly usualBuild: string;
  /** Executable names of `go install` that differ from the names used here. */
  readonly builtAs: Readonly<Partial<Record<ToolName, string>>>;
}

/** The oldest and the newest supported version. The suite runs on both. */
export const KUBERNETES_VERSIONS = { newest: "1.37.2", oldest: "1.30.14" } as const;
export type KubernetesChoice = keyof typeof KUBERNETES_VERSIONS;

const PULUMI_VERSION = "v3.220.0";

function kubernetes(folder: string, version: string, more: readonly ToolName[] = []): ToolModule {
  const [major, minor] = version.split(".");
  return {
    folder,
    tools: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", ...more],
    ldflags: [
      `-X k8s.io/component-base/version.gitVersion=v${version}`,
      `-X k8s.io/component-base/version.gitMajor=${major}`,
      `-X k8s.io/component-base/version.gitMinor=${minor}`,
    ].join(" "),
    usualBuild: "7 min",
    builtAs: {},
  };
}

const KUBERNETES: Readonly<Record<KubernetesChoice, ToolModule>> = {
  newest: kubernetes("kubernetes", KUBERNETES_VERSIONS.newest, ["kubelet", "kube-proxy"]),
  oldest: kubernetes("kubernetes-oldest", KUBERNETES_VERSIONS.oldest),
};

const OTHERS: readonly ToolModule[] = [
  // A program of this project: validates a CRD with the API server's code of the oldest supported version.
  { folder: "crd", tools: ["validate-crd"], ldflags: "", usualBuild: "3 min", builtAs: { "validate-crd": "crd" } },
  // The main package of etcd is the root of a module called server.
  { folder: "etcd", tools: ["etcd"], ldflags: "", usualBuild: "20 s", builtAs: { etcd: "server" } },
  {
    folder: "containerd",
    tools: ["containerd", "containerd-shim-runc-v2", "ctr"],
    ldflags: "",
    usualBuild: "1 min",
    builtAs: {},
  },
  // Only its enforcement of NetworkPolicies is used.
  {
    folder: "kube-router",
    tools: ["kube-router"],
    ldflags: "-X github.com/cloudnativelabs/kube-router/v2/pkg/version.Version=v2.1.0",
    usualBuild: "1 min",
    builtAs: {},
  },
  { folder: "kwok", tools: ["kwok"], ldflags: "", usualBuild: "1 min", builtAs: {} },
  { folder: "helm", tools: ["helm"], ldflags: "", usualBuild: "2 min", builtAs: {} },
  {
    folder: "pulumi",
    tools: ["pulumi"],
    ldflags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${PULUMI_VERSION}`,
    usualBuild: "2 min",
    builtAs: {},
  },
  // A program of this project: stands in for Pulumi's language hosts, with Pulumi's own generators of SDKs.
  { folder: "pulumi-language", tools: ["pulumi-language"], ldflags: "", usualBuild: "1 min", builtAs: {} },
  // A program of this project: Pulumi's Kubernetes provider, without the schema that only code generators need.
  {
    folder: "pulumi-kubernetes",
    tools: ["pulumi-resource-kubernetes"],
    ldflags: "",
    usualBuild: "5 min",
    builtAs: { "pulumi-resource-kubernetes": "pulumi-kubernetes" },
  },
  { folder: "livekit", tools: ["livekit-server"], ldflags: "", usualBuild: "2 min", builtAs: { "livekit-server": "server" } },
  { folder: "actionlint", tools: ["actionlint"], ldflags: "", usualBuild: "20 s", builtAs: {} },
];

/** Every module, in the preferred order of building. */
export function modules(choice: KubernetesChoice): readonly ToolModule[] {
  return [KUBERNETES[choice], ...OTHERS];
}
