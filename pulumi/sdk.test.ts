import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../scripts/bundles.ts";
import { generateSdks } from "../test/support/pulumi/sdks.ts";

const run = promisify(execFile);
const examples = path.join(import.meta.dirname, "examples");

describe("the SDK for Go", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "avatarpool-sdk-"));
    await generateSdks(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("compiles, and has every name that the example uses", async () => {
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
