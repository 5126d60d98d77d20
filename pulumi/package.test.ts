import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkSdks, unpackPackage } from "../test/support/pulumi/package.ts";

const run = promisify(execFile);

const PROGRAM = `
import { AvatarPool, AvatarPoolOperator, type AvatarPoolArgs, ReleaseKind, WorkerEngine } from "@avatarpool/avatarpool";
import * as pulumi from "@pulumi/pulumi";

const operator = new AvatarPoolOperator("operator", { release: ReleaseKind.Release, values: { logLevel: "debug" } });
const spec: AvatarPoolArgs["spec"] = {
  apiSecretRef: { name: pulumi.output("bithuman") },
  workers: [{ name: "gpu", engine: WorkerEngine.Expression, max: 4 }],
};
const pool = new AvatarPool("support", { namespace: "avatars", spec, gatewayUrl: operator.gatewayUrl }, { dependsOn: operator });
export const launchUrl: pulumi.Output<string> = pool.launchUrl;

// @ts-expect-error: the chart has no such value.
new AvatarPoolOperator("wrong", { values: { logLevels: "debug" } });
// @ts-expect-error: no such engine.
export const engine: WorkerEngine = "expressive";
`;

const strict: ts.CompilerOptions = {
  strict: true,
  skipLibCheck: false,
  target: ts.ScriptTarget.ES2022,
  noEmit: true,
  types: ["node"],
};
const { ModuleKind, ModuleResolutionKind } = ts;

/** As a user gets it: packed by npm, and unpacked into an empty project. Only the SDKs come from this repository's packages. */
describe("the npm package", () => {
  let project: string;
  let installed: string;
  const declarations = createCache();

  beforeAll(async () => {
    project = await mkdtemp(path.join(tmpdir(), "avatarpool-package-"));
    installed = path.join(project, "node_modules", "@avatarpool", "avatarpool");
    await unpackPackage(installed);
    await linkSdks(project);
    await writeFile(path.join(project, "package.json"), '{ "type": "module" }');
    for (const file of ["main.ts", "main.cts"]) await writeFile(path.join(project, file), PROGRAM);
  });
  afterAll(() => rm(project, { recursive: true, force: true }));

  it.each<[string, string, ts.CompilerOptions]>([
    ["nodenext, as ESM", "main.ts", { module: ModuleKind.NodeNext }],
    ["nodenext, as CommonJS", "main.cts", { module: ModuleKind.NodeNext }],
    ["node16, as CommonJS", "main.cts", { module: ModuleKind.Node16 }],
    ["bundler", "main.ts", { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler }],
    [
      "commonjs, which does not read exports",
      "main.cts",
      { module: ModuleKind.CommonJS, moduleResolution: ModuleResolutionKind.Node10, ignoreDeprecations: "6.0" },
    ],
  ])("compiles strictly, and with the checks of all declarations, with %s", (_title, file, options) => {
    const all = { ...strict, ...options };
    const program = ts.createProgram([path.join(project, file)], all, declarations.host(all));
    const problems = ts.getPreEmitDiagnostics(program);
    expect(problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
    const format = file === "main.ts" ? "esm" : "cjs";
    expect(program.getSourceFile(path.join(installed, "dist", format, "index.d.ts"))).toBeDefined();
  });

  it("loads as ESM and as CommonJS, and finds its chart from both", async () => {
    const script = `
      import { createRequire } from "node:module";
      import { readFileSync } from "node:fs";
      import * as pulumi from "@pulumi/pulumi";
      const charts = [];
      const newResource = ({ type, name, inputs }) => {
        if (type === "kubernetes:helm.sh/v3:Release") charts.push(inputs.chart);
        return { id: name, state: inputs };
      };
      await pulumi.runtime.setMocks({ newResource, call: () => ({}) });
      const formats = [await import("@avatarpool/avatarpool"), createRequire(import.meta.url)("@avatarpool/avatarpool")];
      for (const [at, { AvatarPoolOperator }] of formats.entries()) {
        const operator = new AvatarPoolOperator("operator" + at, { namespace: "avatars", release: "release" });
        await new Promise((resolve) => operator.gatewayUrl.apply(resolve));
      }
      setTimeout(() => {
        console.log(JSON.stringify({
          distinct: formats[0].AvatarPool !== formats[1].AvatarPool,
          charts: charts.map((chart) => readFileSync(chart + "/Chart.yaml", "utf8").split("\\n")[1]),
        }));
        process.exit();
      });`;
    await writeFile(path.join(project, "load.mjs"), script);
    const { stdout } = await run(process.execPath, ["load.mjs"], { cwd: project });
    expect(JSON.parse(stdout)).toEqual({ distinct: true, charts: ["name: avatarpool", "name: avatarpool"] });
    expect(await readFile(path.join(installed, "dist", "cjs", "index.js"), "utf8")).not.toContain("import.meta");
  });

  it("has the sources from which Pulumi makes the schema for other languages", async () => {
    const { ComponentProvider } = createRequire(import.meta.url)("@pulumi/pulumi/provider/experimental");
    const components = [{ name: "AvatarPool" }, { name: "AvatarPoolOperator" }];
    const provider = new ComponentProvider({ name: "avatarpool", dirname: installed, components });
    const { resources, types } = JSON.parse(await provider.getSchema());
    expect(Object.keys(resources)).toHaveLength(2);
    expect(Object.keys(types)).toContain("avatarpool:index:ChartValues");
  });

  it("contains its license, no tests, and at most 300 kB without the chart", async () => {
    const { stdout: files } = await run("find", [".", "-type", "f", "-not", "-path", "./dist/charts/*"], { cwd: installed });
    expect(files.split("\n")).toEqual(expect.arrayContaining(["./LICENSE", "./README.md", "./PulumiPlugin.yaml", "./index.ts"]));
    expect(files).not.toMatch(/\.test\.|examples/);
    const { stdout } = await run("sh", ["-c", "tar -cz --exclude=./dist/charts . | wc -c"], { cwd: installed });
    expect(Number(stdout)).toBeLessThan(300_000);
  });
});

/** Parses each declaration once for all programs with the same kind of module: the SDKs have very large ones. */
function createCache() {
  const parsed = new Map<string, ts.SourceFile | undefined>();
  return {
    host(options: ts.CompilerOptions): ts.CompilerHost {
      const host = ts.createCompilerHost(options);
      const parse = host.getSourceFile;
      host.getSourceFile = (file, how, ...rest) => {
        const key = `${file} ${typeof how === "object" ? `${how.languageVersion} ${how.impliedNodeFormat}` : how}`;
        if (!parsed.has(key)) parsed.set(key, parse(file, how, ...rest));
        return parsed.get(key);
      };
      return host;
    },
  };
}
