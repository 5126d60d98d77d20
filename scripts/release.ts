/**
 * `npm run release -- COMMAND`: the steps of a release that need more than one line. The workflow release.yaml runs them. They
 * publish nothing, so they can be tried on any machine.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { essence } from "../operator/engines/essence.ts";
import { root } from "./bundles.ts";
import { renderInstallYaml } from "./install-yaml.ts";
import { changesOf } from "./release/changelog.ts";
import { withRegistry } from "./release/registry.ts";
import { releasedVersion, statedVersions } from "./release/versions.ts";

const VALUES = path.join(root, "charts", "avatarpool", "values.yaml");

const write = (text: string): void => void process.stdout.write(text);
const print = (line: string): void => write(`${line}\n`);
const changes = async (version: string) => changesOf(await readFile(path.join(root, "CHANGELOG.md"), "utf8"), version);

const program = new Command("release").description("make the parts of a release");

program
  .command("version")
  .description("print the version of a tag; fail if a file states another version, or the changelog has no text for it")
  .argument("<tag>", "such as v1.2.3")
  .action(async (tag: string) => {
    const version = releasedVersion(tag, await statedVersions());
    await changes(version);
    print(version);
  });

program
  .command("notes")
  .description("print the text of a version in CHANGELOG.md")
  .argument("<version>", "such as 1.2.3")
  .action(async (version: string) => print(await changes(version)));

program
  .command("worker-image")
  .description("print the name and the tag of the CPU worker's image, as the operator pulls it")
  .action(() => print(essence.defaultImage));

program
  .command("set-registry")
  .description("change charts/avatarpool: its images are in this registry")
  .argument("<registry>", "registry and folder")
  .action(async (registry: string) => writeFile(VALUES, withRegistry(await readFile(VALUES, "utf8"), registry)));

program
  .command("install-yaml")
  .description("print install.yaml, with the registry that the chart names")
  .action(async () => write(await renderInstallYaml()));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
