import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { toolPath } from "../controlplane/index.ts";
import { componentSchema } from "./components.ts";

/** Generates the SDKs for other languages, as `pulumi package add` does it, into `folder/python` and `folder/go`. */
export async function generateSdks(folder: string): Promise<void> {
  const schema = path.join(folder, "schema.json");
  await writeFile(schema, await componentSchema());
  await promisify(execFile)(await toolPath("pulumi-sdk"), [schema, folder]);
}
