/**
 * `npm run build`: builds `dist/avatarpool.mjs`, which every process runs, and the Pulumi package, which contains the chart.
 */
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { processes, pulumiPackage, root } from "./bundles.ts";

const chunks = path.join(root, "dist", "chunks");
const chartOfPulumiPackage = path.join(root, "pulumi", "dist", "charts", "avatarpool");

await Promise.all([chunks, chartOfPulumiPackage].map((folder) => rm(folder, { recursive: true, force: true })));
await Promise.all([
  build(processes),
  build(pulumiPackage),
  cp(path.join(root, "charts", "avatarpool"), chartOfPulumiPackage, { recursive: true }),
]);
