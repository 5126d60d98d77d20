/**
 * `npm run build` in pulumi/: builds the Pulumi package into `pulumi/dist`: as ESM and as CommonJS, each with its declarations, and
 * with the chart.
 */
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import ts from "typescript";
import { type ModuleFormat, pulumiPackage, root } from "./bundles.ts";

const folder = path.join(root, "pulumi");
const dist = path.join(folder, "dist");

await rm(dist, { recursive: true, force: true });
await cp(path.join(root, "charts", "avatarpool"), path.join(dist, "charts", "avatarpool"), { recursive: true });
await cp(path.join(root, "LICENSE"), path.join(folder, "LICENSE"));
await buildFormat("esm");
await buildFormat("cjs");
await declare("esm");
await cp(path.join(dist, "esm"), path.join(dist, "cjs"), { recursive: true, filter: (file) => !file.endsWith(".js") });
await writeFile(path.join(dist, "cjs", "package.json"), '{ "type": "commonjs" }\n');

async function buildFormat(format: ModuleFormat): Promise<void> {
  await build({ ...pulumiPackage(format), outdir: path.join(dist, format) });
}

/** Writes the declarations. TypeScript keeps the extension `.ts` in their imports, which older compilers of users reject. */
async function declare(format: ModuleFormat): Promise<void> {
  const target = path.join(dist, format);
  const { config } = ts.readConfigFile(path.join(folder, "tsconfig.json"), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const emitted = { ...options, noEmit: false, declaration: true, emitDeclarationOnly: true, outDir: target, rootDir: folder };
  const program = ts.createProgram(fileNames, emitted);
  const problems = [...ts.getPreEmitDiagnostics(program), ...program.emit().diagnostics];
  if (problems.length > 0) throw new Error(ts.formatDiagnostics(problems, ts.createCompilerHost(options)));
  for (const file of await readdir(target)) {
    if (!file.endsWith(".d.ts")) continue;
    const text = await readFile(path.join(target, file), "utf8");
    await writeFile(path.join(target, file), text.replaceAll(/(from "\.\/[^"]+)\.ts"/g, '$1.js"'));
  }
}
