import { spawn } from "node:child_process";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { withLock } from "./file-lock.ts";
import type { Progress } from "./progress.ts";
import type { ToolModule } from "./tool-modules.ts";

const PROGRESS_MS = 5_000;
/** Lines of the compiler's output that an error repeats. */
const ERROR_LINES = 15;

interface Build {
  readonly module: ToolModule;
  /** Directory of the go.mod. */
  readonly source: string;
  /** Folder that holds the executables afterwards. */
  readonly target: string;
  readonly progress: Progress;
}

/** Builds a module's tools into `target`, which appears atomically. One process builds; the others wait. */
export async function buildOnce(build: Build): Promise<void> {
  const { module, target, progress } = build;
  await mkdir(path.dirname(target), { recursive: true });
  const names = module.tools.join(", ");
  const seconds = stopwatch();
  const waiting = () => progress(`  waiting for another process that builds ${names}: ${seconds()} s`);
  await withLock(`${target}.lock`, waiting, async () => {
    if (await isComplete(build)) return;
    progress(`building ${names} (once on this machine, usually about ${module.usualBuild} on 2 cores)`);
    const ticker = every(PROGRESS_MS, () => progress(`  building ${names}: ${seconds()} s`));
    try {
      await install(build);
    } finally {
      ticker.stop();
    }
    progress(`built ${names} in ${seconds()} s`);
  });
}

async function isComplete({ module, target }: Build): Promise<boolean> {
  const present = await Promise.all(module.tools.map((name) => isExecutable(path.join(target, name))));
  return present.every(Boolean);
}

async function install(build: Build): Promise<void> {
  const { module, source, target } = build;
  // This process holds the lock, so an existing folder is the rest of a killed build.
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await goInstall(source, unfinished, `-s -w ${module.ldflags}`.trim(), module);
  for (const [name, builtAs] of Object.entries(module.builtAs)) {
    await rename(path.join(unfinished, builtAs), path.join(unfinished, name));
  }
  await rm(target, { recursive: true, force: true });
  await rename(unfinished, target);
}

async function goInstall(source: string, gobin: string, ldflags: string, module: ToolModule): Promise<void> {
  const env = { ...process.env, GOBIN: gobin, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
  const go = spawn("go", ["install", "-trimpath", `-ldflags=${ldflags}`, "tool"], {
    cwd: source,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  go.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    output = `${output}${chunk}`.slice(-20_000);
  });
  const code = await new Promise<number | string>((resolve, reject) => {
    go.on("error", (cause) => reject(new Error(missingGo(module), { cause })));
    go.on("close", (exitCode, signal) => resolve(exitCode ?? signal ?? "unknown"));
  });
  if (code === 0) return;
  const end = output.trim().split("\n").slice(-ERROR_LINES).join("\n");
  throw new Error(`building ${module.tools.join(", ")} in ${source} failed (go ended with ${code}):\n${end}`);
}

function missingGo(module: ToolModule): string {
  return (
    `${module.tools.join(", ")}: these programs are not built yet, and Go, which builds them, cannot be started. ` +
    "Install Go 1.26 or newer and put it on PATH. " +
    "(KUBEBUILDER_ASSETS=<folder> gives etcd, kube-apiserver and kubectl without it; the other tools are always built.)"
  );
}

function stopwatch(): () => number {
  const startMs = performance.now();
  return () => Math.round((performance.now() - startMs) / 1000);
}

function every(periodMs: number, action: () => void): { stop(): void } {
  const timer = setInterval(action, periodMs);
  return { stop: () => clearInterval(timer) };
}

export async function isExecutable(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
