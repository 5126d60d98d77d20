/** A program that the demo and the tests run, built by Go from a pinned module. */
export type ToolName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubectl"
  | "kwok"
  | "helm"
  | "pulumi"
  | "livekit-server";

/** A folder under `tools/` with a go.mod whose `tool` directives give these programs. */
export interface ToolModule {
  readonly folder: string;
  readonly tools: readonly ToolName[];
  readonly ldflags: string;
  /** Time of a build with an empty cache, as seen on 2 cores. */
  readonly usualBuild: string;
  /** Names that `go install` gives, where they differ from ours. */
  readonly builtAs: Readonly<Partial<Record<ToolName, string>>>;
}

const KUBERNETES_VERSION = "v1.37.2";
const PULUMI_VERSION = "v3.220.0";

const KUBERNETES_LDFLAGS = [
  `-X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`,
  "-X k8s.io/component-base/version.gitMajor=1",
  "-X k8s.io/component-base/version.gitMinor=37",
].join(" ");

export const MODULES: readonly ToolModule[] = [
  {
    folder: "kubernetes",
    tools: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"],
    ldflags: KUBERNETES_LDFLAGS,
    usualBuild: "7 min",
    builtAs: {},
  },
  // The main package of etcd is the root of a module called server.
  { folder: "etcd", tools: ["etcd"], ldflags: "", usualBuild: "20 s", builtAs: { etcd: "server" } },
  { folder: "kwok", tools: ["kwok"], ldflags: "", usualBuild: "1 min", builtAs: {} },
  { folder: "helm", tools: ["helm"], ldflags: "", usualBuild: "2 min", builtAs: {} },
  {
    folder: "pulumi",
    tools: ["pulumi"],
    ldflags: `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${PULUMI_VERSION}`,
    usualBuild: "2 min",
    builtAs: {},
  },
  { folder: "livekit", tools: ["livekit-server"], ldflags: "", usualBuild: "2 min", builtAs: { "livekit-server": "server" } },
];
