import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { toolPath } from "../controlplane/index.ts";

const TOOLS = ["pulumi", "pulumi-resource-kubernetes"] as const;
const LANGUAGES = ["nodejs", "python", "go"] as const;

/** The variables with which a process finds Pulumi's engine, its plugins, and the state of its stacks in `folder`. */
export async function pulumiEnvironment(folder: string): Promise<Readonly<Record<string, string>>> {
  const bin = path.join(folder, "bin");
  await mkdir(bin, { recursive: true });
  for (const name of TOOLS) await symlink(await toolPath(name), path.join(bin, name));
  for (const name of LANGUAGES) await symlink(await toolPath("pulumi-language"), path.join(bin, `pulumi-language-${name}`));
  await symlink(process.execPath, path.join(bin, "node"));
  return {
    PATH: [bin, process.env.PATH].join(path.delimiter),
    PULUMI_HOME: folder,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
}
