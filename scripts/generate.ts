/**
 * `npm run generate`: writes every generated file. With `--check` it writes nothing and fails when one differs.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { stringify } from "yaml";
import { customResourceDefinition, structuralSchema } from "../operator/api/crd.ts";
import { referencePage } from "../operator/api/reference.ts";
import { poolSpecSchema, poolStatusSchema } from "../operator/api/v1alpha1/index.ts";
import { renderInstallYaml } from "./install-yaml.ts";
import { pulumiTypes } from "./pulumi-types.ts";
import { settingsPage } from "./settings-page.ts";

const root = path.join(import.meta.dirname, "..");

const crdYaml = () =>
  `# Made by \`npm run generate\` from operator/api/v1alpha1; do not edit.\n${stringify(customResourceDefinition(), {
    lineWidth: 120,
    aliasDuplicateObjects: false,
  })}`;

/** In this order: the install manifest is rendered from the chart, which reads its copy of the CRD. */
const generated: readonly (readonly [file: string, make: () => string | Promise<string>])[] = [
  ["crds/avatarpool.dev_avatarpools.yaml", crdYaml],
  ["charts/avatarpool/files/crd.yaml", crdYaml],
  ["docs/reference.md", () => referencePage(structuralSchema(poolSpecSchema), structuralSchema(poolStatusSchema))],
  ["docs/settings.md", settingsPage],
  ["pulumi/pool-spec.ts", pulumiTypes],
  ["dist/install.yaml", renderInstallYaml],
];

const check = process.argv.includes("--check");
const differing: string[] = [];
for (const [file, make] of generated) {
  const target = path.join(root, file);
  const content = await make();
  if ((await readFile(target, "utf8").catch(() => undefined)) === content) continue;
  differing.push(file);
  if (check) continue;
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, content);
}
if (differing.length === 0) {
  console.log("generated files are up to date");
} else if (check) {
  console.error(
    `these files differ from what their sources make: ${differing.join(", ")}\nrun npm run generate and commit the result`,
  );
  process.exitCode = 1;
} else {
  console.log(`wrote ${differing.join(", ")}`);
}
