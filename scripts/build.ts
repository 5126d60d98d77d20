/**
 * Builds `dist/avatarpool.mjs`, which every process runs, `dist/console` and the kubectl plugin. `npm run build` also builds the
 * Pulumi package.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { processes, root } from "./bundles.ts";
import { consoleFiles, sizeOf } from "./console-bundle.ts";

const dist = path.join(root, "dist");
await rm(path.join(dist, "chunks"), { recursive: true, force: true });
await build(processes);
await executable("kubectl-avatarpool", '#!/usr/bin/env node\nimport("./avatarpool.mjs");\n');
// kubectl runs this file to complete the plugin.
await executable("kubectl_complete-avatarpool", '#!/bin/sh\nexec kubectl-avatarpool __complete "$@"\n');

const files = await consoleFiles();
console.log(sizeOf(files));
const folder = path.join(dist, "console");
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, content] of files) await writeFile(path.join(folder, name), content);

async function executable(name: string, text: string): Promise<void> {
  const file = path.join(dist, name);
  await rm(file, { force: true });
  await writeFile(file, text, { mode: 0o755 });
}
