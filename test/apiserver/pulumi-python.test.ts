import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, lineOnStderr, startControlPlane } from "../support/controlplane/index.ts";
import { generateSdks } from "../support/pulumi/sdks.ts";
import { PulumiStacks } from "../support/pulumi/stack.ts";
import { pulumiPython } from "../support/python.ts";
import { ReadyPods } from "../support/ready-pods.ts";

const run = promisify(execFile);
const support = path.join(import.meta.dirname, "..", "support", "pulumi");
const example = path.join(import.meta.dirname, "..", "..", "pulumi", "examples", "quickstart-python");

/** The example for Python, with the SDK that Pulumi generates, and with Pulumi's own SDKs, engine and Kubernetes provider. */
describe("the quickstart in Python", () => {
  let folder: string;
  let python: string;
  let plane: ControlPlane;
  let kubelet: ReadyPods;
  let stacks: PulumiStacks;

  beforeAll(async () => {
    python = await pulumiPython(lineOnStderr);
    folder = await mkdtemp(path.join(tmpdir(), "avatarpool-python-"));
    await generateSdks(folder);
    // Without the network: the environment has everything that the SDK needs.
    const offline = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", path.join(folder, "installed")];
    await run(python, ["-m", "pip", "install", ...offline, path.join(folder, "python")]);
    plane = await startControlPlane({ nodes: [{ name: "cpu-0", cpu: "16", memory: "64Gi" }] });
    kubelet = new ReadyPods(plane, ["avatarpool"]);
    stacks = await PulumiStacks.create(plane);
  });
  afterAll(async () => {
    await kubelet?.[Symbol.asyncDispose]();
    await plane?.stop();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  const env = () => ({
    ...process.env,
    ...stacks.env,
    PYTHONPATH: path.join(folder, "python"),
    MYPYPATH: path.join(folder, "python"),
  });

  it("has the types of the generated SDK, as mypy sees them", async () => {
    const { stdout } = await run(python, ["-m", "mypy", `--cache-dir=${folder}`, path.join(example, "__main__.py")], {
      env: env(),
    });
    expect(stdout).toContain("no issues found");
  });

  it("runs, changes nothing when it runs again, and removes everything", async () => {
    const config = JSON.stringify({ imageRegistry: "registry.test", maxWorkers: "2", waitForReady: "false" });
    const { stdout } = await run(python, [path.join(support, "up.py"), example, config], { env: env() });
    const { outputs, secondUp } = JSON.parse(stdout);
    expect(outputs.launch_url).toBe("http://avatarpool-gateway.avatarpool/avatars/trial/launch");
    expect(Object.keys(secondUp)).toEqual(["same"]);
    const left = await plane.kubectl(["get", "deployments", "--all-namespaces", "-o=name"]);
    expect(left.stdout).toBe("");
  });
});
