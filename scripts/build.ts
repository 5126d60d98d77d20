/** Builds `dist/avatarpool.mjs`, which every process runs. `npm run build` also builds the Pulumi package. */
import { rm } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { processes, root } from "./bundles.ts";

await rm(path.join(root, "dist", "chunks"), { recursive: true, force: true });
await build(processes);
