import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "../../../scripts/bundles.ts";
import type { ControlPlane } from "../controlplane/index.ts";
import { pulumiEnvironment } from "./environment.ts";
import { linkSdks, unpackPackage } from "./package.ts";

const run = promisify(execFile);

/** Without the network: the shared environment has everything that a generated SDK for Python needs. */
const PIP = { PIP_NO_INDEX: "1", PIP_NO_DEPS: "1", PIP_NO_BUILD_ISOLATION: "0" };

/** Copies of the examples within the package as npm packs it, and the command `pulumi` for them. */
export class PulumiExamples {
  readonly #package: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#package = folder;
    this.#env = env;
  }

  static async create(plane: ControlPlane): Promise<PulumiExamples> {
    const folder = path.join(plane.folder, "package");
    await unpackPackage(folder);
    await linkSdks(folder);
    await mkdir(path.join(folder, "node_modules", "@avatarpool"));
    await symlink(folder, path.join(folder, "node_modules", "@avatarpool", "avatarpool"));
    const env = await pulumiEnvironment(path.join(plane.folder, "pulumi-examples"));
    return new PulumiExamples(folder, { ...process.env, ...PIP, ...env, KUBECONFIG: plane.kubeconfig });
  }

  /** Copies an example. @returns its folder. */
  async copy(name: string): Promise<string> {
    const folder = path.join(this.#package, "examples", name);
    await cp(path.join(root, "pulumi", "examples", name), folder, { recursive: true });
    return folder;
  }

  /** @returns what the command prints. @throws if it fails. */
  async pulumi(folder: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run("pulumi", ["--non-interactive", ...args], { cwd: folder, env: this.#env });
    return stdout;
  }
}

/** A virtual environment in `folder/venv` with the packages of another one, so that nothing is installed from the network. */
export async function shareVenv(python: string, folder: string): Promise<string> {
  const venv = path.join(folder, "venv");
  await run(python, ["-m", "venv", "--without-pip", venv]);
  const own = path.join(venv, "bin", "python");
  const packages = (interpreter: string) => run(interpreter, ["-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]);
  const [shared, target] = await Promise.all([packages(python), packages(own)]);
  await writeFile(path.join(target.stdout.trim(), "shared.pth"), shared.stdout);
  return own;
}
