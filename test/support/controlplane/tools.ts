import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { lineOnStderr, type Progress } from "./progress.ts";
import { buildOnce, isExecutable } from "./tool-build.ts";
import { type KubernetesChoice, modules, type ToolModule, type ToolName } from "./tool-modules.ts";

/** The tools in the envtest folder of controller-runtime. */
const KUBEBUILDER_TOOLS: readonly ToolName[] = ["etcd", "kube-apiserver", "kubectl"];

/** Chooses the version of Kubernetes: `newest` (the default) or `oldest`, of those supported. */
export const KUBERNETES_VARIABLE = "AVATARPOOL_TEST_KUBERNETES";

/** Every tool, in the preferred order of building. */
export function allTools(): readonly ToolName[] {
  return modules(kubernetesChoice() ?? "newest").flatMap(({ tools }) => tools);
}

/**
 * Path of a tool's executable, from `$KUBEBUILDER_ASSETS` or the project's cache. Builds a missing one into the cache (minutes).
 * A version that is chosen by `$AVATARPOOL_TEST_KUBERNETES` is never taken from `$KUBEBUILDER_ASSETS`, whose version is unknown.
 *
 * @throws if it must be built and Go is missing or the build fails; the message states what to do.
 */
export async function toolPath(name: ToolName, progress: Progress = lineOnStderr): Promise<string> {
  const choice = kubernetesChoice();
  const asset = choice === undefined ? kubebuilderAsset(name) : undefined;
  if (asset !== undefined && (await isExecutable(asset))) return asset;

  const module = modules(choice ?? "newest").find((candidate) => candidate.tools.includes(name));
  if (module === undefined) throw new Error(`no module builds ${name}`);
  const source = path.join(import.meta.dirname, "tools", module.folder);
  const target = path.join(cacheFolder(), `${module.folder}-${await fingerprint(source, module)}`);
  const executable = path.join(target, name);
  if (await isExecutable(executable)) return executable;

  await buildOnce({ module, source, target, progress });
  return executable;
}

function kubernetesChoice(): KubernetesChoice | undefined {
  const choice = process.env[KUBERNETES_VARIABLE] || undefined;
  if (choice === undefined || choice === "newest" || choice === "oldest") return choice;
  throw new Error(`${KUBERNETES_VARIABLE} is "${choice}": set it to newest or oldest, or unset it`);
}

function kubebuilderAsset(name: ToolName): string | undefined {
  const folder = process.env.KUBEBUILDER_ASSETS;
  return folder && KUBEBUILDER_TOOLS.includes(name) ? path.join(folder, name) : undefined;
}

/** Folder of the programs and packages that are built or installed once on this machine. */
export function cacheFolder(): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "avatarpool");
}

/** Covers every input of the executables, so that a stale cache is never used. */
async function fingerprint(source: string, module: ToolModule): Promise<string> {
  const hash = createHash("sha256");
  for (const file of (await readdir(source)).sort()) hash.update(await readFile(path.join(source, file)));
  hash.update(module.ldflags).update(JSON.stringify(module.builtAs));
  return hash.digest("hex").slice(0, 12);
}
