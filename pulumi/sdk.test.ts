import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../scripts/bundles.ts";
import { toolPath } from "../test/support/controlplane/index.ts";
import { AvatarPool, AvatarPoolOperator } from "./index.ts";

const run = promisify(execFile);
const examples = path.join(import.meta.dirname, "examples");

/** Generated as `pulumi package add` does it. */
describe("the SDKs for other languages", () => {
  let folder: string;

  beforeAll(async () => {
    const generator = await toolPath("pulumi-sdk");
    folder = await mkdtemp(path.join(tmpdir(), "avatarpool-sdk-"));
    const { ComponentProvider } = createRequire(import.meta.url)("@pulumi/pulumi/provider/experimental");
    // The plugin host takes both names from the name of the npm package.
    const names = { name: "avatarpool", namespace: "avatarpool" };
    const components = [AvatarPool, AvatarPoolOperator];
    const provider = new ComponentProvider({ ...names, dirname: import.meta.dirname, components });
    const schema = path.join(folder, "schema.json");
    await writeFile(schema, await provider.getSchema());
    await run(generator, [schema, folder]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("Python: the package parses, and has every name that the example uses", async () => {
    const sdk = path.join(folder, "python", "avatarpool_avatarpool");
    const parse =
      "import ast, pathlib, sys\nfor d in sys.argv[1:]:\n  for f in pathlib.Path(d).glob('*.py'): ast.parse(f.read_text())";
    await run("python3", ["-c", parse, sdk, path.join(examples, "quickstart-python")]);
    const defined = names(await texts(sdk, ".py"), /^class (\w+)/gm);
    const used = names(await texts(path.join(examples, "quickstart-python"), ".py"), /\bavatarpool\.(\w+)/g);
    expect(used).toContain("WorkerArgs");
    expect(used.filter((name) => !defined.includes(name))).toEqual([]);
    expect(defined.filter((name) => name.includes("ArgsArgs"))).toEqual([]);
  });

  it("Go: the module compiles, and has every name that the example uses", async () => {
    const sdk = path.join(folder, "go", "avatarpool");
    const tool = path.join(root, "test", "support", "controlplane", "tools", "pulumi-sdk");
    const module = await readFile(path.join(tool, "go.mod"), "utf8");
    const importPath = "github.com/avatarpool/pulumi-avatarpool/sdk/go/avatarpool";
    await writeFile(path.join(sdk, "go.mod"), module.replace(/^module .*$/m, `module ${importPath}`).replace(/^tool .*$/m, ""));
    await copyFile(path.join(tool, "go.sum"), path.join(sdk, "go.sum"));
    await run("go", ["build", "./..."], {
      cwd: sdk,
      env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOWORK: "off" },
    });
    const defined = names(await texts(sdk, ".go"), /^(?:type|func) (\w+)|^\t(\w+) += \w+\(/gm);
    const used = names(await texts(path.join(examples, "quickstart-go"), ".go"), /\bavatarpool\.(\w+)/g);
    expect(used).toContain("WorkerArgs");
    expect(used.filter((name) => !defined.includes(name))).toEqual([]);
  });
});

async function texts(folder: string, extension: string): Promise<string> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(extension));
  return (await Promise.all(files.map((file) => readFile(path.join(folder, file), "utf8")))).join("\n");
}

function names(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, first, second]) => first ?? second ?? ""))];
}
