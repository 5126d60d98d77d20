import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, symlink } from "node:fs/promises";
import path from "node:path";
import { withLock } from "./controlplane/file-lock.ts";
import type { Progress } from "./controlplane/index.ts";
import { run, runChecked } from "./controlplane/run.ts";
import { cacheFolder } from "./controlplane/tools.ts";
import { installPackages } from "./debian.ts";

const ESSENCE_LOCK = path.join(import.meta.dirname, "..", "..", "workers", "essence", "requirements-dev.lock");
const PULUMI_LOCK = path.join(import.meta.dirname, "pulumi", "requirements.lock");

/** Path of the interpreter for the CPU worker and its tests. It also has LiveKit's agent framework and the maker's plugin. */
export async function essencePython(progress: Progress): Promise<string> {
  return path.join(await pythonEnvironment(ESSENCE_LOCK, progress), "bin", "python");
}

/** Path of the interpreter with Pulumi's SDKs for Python, and mypy. */
export async function pulumiPython(progress: Progress): Promise<string> {
  return path.join(await pythonEnvironment(PULUMI_LOCK, progress), "bin", "python");
}

/**
 * Folder of a Python environment with the packages of a lock file, in the project's cache. A missing one is installed there
 * (a minute or two).
 * @param lock path of the lock file: versions with hashes, for pip.
 * @throws Error if Python is missing or a package cannot be installed; the message states what to do.
 */
async function pythonEnvironment(lock: string, progress: Progress): Promise<string> {
  const version = await python(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  const key = createHash("sha256")
    .update(version)
    .update(await readFile(lock))
    .digest("hex")
    .slice(0, 12);
  const target = path.join(cacheFolder(), `python-${key}`);
  if (existsSync(target)) return target;
  await mkdir(path.dirname(target), { recursive: true });
  const waiting = () => progress(`  waiting for another process that installs the packages of ${lock}`);
  await withLock(`${target}.lock`, waiting, async () => {
    if (!existsSync(target)) await install(target, lock, progress);
  });
  return target;
}

async function install(target: string, lock: string, progress: Progress): Promise<void> {
  progress(`installing the Python packages of ${lock} (once on this machine, usually a minute or two)`);
  // An environment cannot be moved: it is created under a separate name, and a link makes it visible when it is complete.
  const made = `${target}.packages`;
  // This process holds the lock, so an existing folder is the rest of a killed installation.
  await rm(made, { recursive: true, force: true });
  await rm(`${made}.link`, { force: true });
  try {
    await makeEnvironment(made, progress);
    const pip = [path.join(made, "bin", "pip"), "install", "--quiet", "--require-hashes", "--requirement", lock];
    await runChecked(pip[0] ?? "", pip.slice(1), "check that pip can reach its package index");
    await symlink(made, `${made}.link`);
    await rename(`${made}.link`, target);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
  progress("installed the Python packages");
}

async function makeEnvironment(folder: string, progress: Progress): Promise<void> {
  const args = ["-m", "venv", folder];
  const { code } = await run("python3", args, { env: process.env });
  if (code === 0) return;
  // Debian ships it as a separate package.
  await rm(folder, { recursive: true, force: true });
  installPackages(["python3-venv"], progress);
  await python(args);
}

async function python(args: readonly string[]): Promise<string> {
  return runChecked("python3", args, "install Python 3.11 or newer");
}
