import { mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import type { ControlPlane } from "../controlplane/index.ts";
import { pulumiEnvironment } from "./environment.ts";

/** Stacks of inline programs with Pulumi's own engine and Kubernetes provider. The state is in files. */
export class PulumiStacks {
  readonly #folder: string;
  readonly #env: Record<string, string>;

  private constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder;
    this.#env = env;
  }

  static async create(plane: ControlPlane): Promise<PulumiStacks> {
    const folder = path.join(plane.folder, "pulumi");
    await mkdir(folder);
    return new PulumiStacks(folder, { ...(await pulumiEnvironment(folder)), KUBECONFIG: plane.kubeconfig });
  }

  async open(stackName: string, program: PulumiFn): Promise<Stack> {
    return LocalWorkspace.createOrSelectStack(
      { stackName, projectName: "avatars", program },
      { pulumiHome: this.#folder, pulumiCommand: await PulumiCommand.get({ root: this.#folder }), envVars: this.#env },
    );
  }

  /** Everything that the engine keeps: the state of all stacks, with history and backups. */
  async stateFiles(): Promise<string> {
    const root = path.join(this.#folder, ".pulumi");
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    const texts = files.filter((file) => file.isFile()).map((file) => readFile(path.join(file.parentPath, file.name), "utf8"));
    return (await Promise.all(texts)).join("\n");
  }
}
