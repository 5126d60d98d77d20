/** Builds `dist/avatarpool.mjs`, which every process runs, and `dist/console`. `npm run build` also builds the Pulumi package. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { processes, root } from "./bundles.ts";
import { consoleFiles, sizeOf } from "./console-bundle.ts";

const dist = path.join(root, "dist");
await rm(path.join(dist, "chunks"), { recursive: true, force: true });
await build(processes);

const files = await consoleFiles();
console.log(sizeOf(files));
const folder = path.join(dist, "console");
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const [name, content] of files) await writeFile(path.join(folder, name), content);
