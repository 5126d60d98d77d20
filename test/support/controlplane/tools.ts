import { createHash } from "node:crypto";
import { access, constants, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { buildOnce } from "./tool-build.ts";

/** A program that the demo and the tests run, built by Go from a pinned module. */
export type ToolName =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubectl"
  | "kwok"
  | "helm"
  | "pulumi";

/** One line for the person who waits. */
export type Progress = (line: string) => void;

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

const MODULES: readonly ToolModule[] = [
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
];

/** The tools that the envtest folder of controller-runtime holds. */
const KUBEBUILDER_TOOLS: readonly ToolName[] = ["etcd", "kube-apiserver", "kubectl"];

/** Every tool, in the order in which they are best built. */
export const allTools: readonly ToolName[] = MODULES.flatMap((module) => module.tools);

/**
 * Path of a tool's executable: from `$KUBEBUILDER_ASSETS`, else from the project's cache, else built into that cache (minutes).
 *
 * @throws when it has to be built and Go is missing or the build fails; the message says what to do.
 */
export async function toolPath(name: ToolName, progress: Progress = lineOnStderr): Promise<string> {
  const asset = kubebuilderAsset(name);
  if (asset !== undefined && (await isExecutable(asset))) return asset;

  const module = MODULES.find((candidate) => candidate.tools.includes(name));
  if (module === undefined) throw new Error(`no module builds ${name}`);
  const source = path.join(import.meta.dirname, "tools", module.folder);
  const target = path.join(cacheFolder(), `${module.folder}-${await fingerprint(source, module)}`);
  const executable = path.join(target, name);
  if (await isExecutable(executable)) return executable;

  await buildOnce({ module, source, target, progress });
  return executable;
}

export function lineOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

function kubebuilderAsset(name: ToolName): string | undefined {
  const folder = process.env.KUBEBUILDER_ASSETS;
  return folder && KUBEBUILDER_TOOLS.includes(name) ? path.join(folder, name) : undefined;
}

function cacheFolder(): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "avatarpool");
}

/** Changes with everything that changes the executables, so that a stale cache is never used. */
async function fingerprint(source: string, module: ToolModule): Promise<string> {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(await readFile(path.join(source, file)));
  hash.update(module.ldflags).update(JSON.stringify(module.builtAs));
  return hash.digest("hex").slice(0, 12);
}

export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
