import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { type ControlPlane, toolPath } from "../controlplane/index.ts";

const TOOLS = ["pulumi", "pulumi-resource-kubernetes"] as const;
const COMPONENTS = path.join(import.meta.dirname, "component-provider.ts");

/** Stacks of inline programs with Pulumi's own engine and Kubernetes provider. The state is in files. */
export class PulumiStacks {
  readonly #plane: ControlPlane;
  readonly #folder: string;

  private constructor(plane: ControlPlane, folder: string) {
    this.#plane = plane;
    this.#folder = folder;
  }

  static async create(plane: ControlPlane): Promise<PulumiStacks> {
    const folder = path.join(plane.folder, "pulumi");
    const bin = path.join(folder, "bin");
    await mkdir(bin, { recursive: true });
    for (const name of TOOLS) await symlink(await toolPath(name), path.join(bin, name));
    await symlink(process.execPath, path.join(bin, "node"));
    const plugin = `#!/bin/sh\nexec ${process.execPath} ${COMPONENTS} "$@"\n`;
    await writeFile(path.join(bin, "pulumi-resource-avatarpool"), plugin, { mode: 0o755 });
    return new PulumiStacks(plane, folder);
  }

  async open(stackName: string, program: PulumiFn): Promise<Stack> {
    return LocalWorkspace.createOrSelectStack(
      { stackName, projectName: "avatars", program },
      {
        pulumiHome: this.#folder,
        pulumiCommand: await PulumiCommand.get({ root: this.#folder }),
        envVars: this.env,
      },
    );
  }

  /** The variables with which a process finds the engine, its plugins, the state and the cluster. */
  get env(): Record<string, string> {
    return {
      PATH: [path.join(this.#folder, "bin"), process.env.PATH].join(path.delimiter),
      KUBECONFIG: this.#plane.kubeconfig,
      PULUMI_HOME: this.#folder,
      PULUMI_BACKEND_URL: `file://${this.#folder}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
  }

  /** Everything that the engine keeps: the state of all stacks, with history and backups. */
  async stateFiles(): Promise<string> {
    const root = path.join(this.#folder, ".pulumi");
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    const texts = files.filter((file) => file.isFile()).map((file) => readFile(path.join(file.parentPath, file.name), "utf8"));
    return (await Promise.all(texts)).join("\n");
  }
}
