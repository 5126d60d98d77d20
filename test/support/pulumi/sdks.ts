import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { AvatarPool, AvatarPoolOperator } from "../../../pulumi/index.ts";
import { toolPath } from "../controlplane/index.ts";

/** Generates the SDKs for other languages, as `pulumi package add` does it, into `folder/python` and `folder/go`. */
export async function generateSdks(folder: string): Promise<void> {
  const { ComponentProvider } = createRequire(import.meta.url)("@pulumi/pulumi/provider/experimental");
  const dirname = path.join(import.meta.dirname, "..", "..", "..", "pulumi");
  // The plugin host takes both names from the name of the npm package.
  const names = { name: "avatarpool", namespace: "avatarpool" };
  const provider = new ComponentProvider({ ...names, dirname, components: [AvatarPool, AvatarPoolOperator] });
  const schema = path.join(folder, "schema.json");
  await writeFile(schema, await provider.getSchema());
  await promisify(execFile)(await toolPath("pulumi-sdk"), [schema, folder]);
}
