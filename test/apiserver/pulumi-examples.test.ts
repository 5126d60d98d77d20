import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, lineOnStderr, startControlPlane } from "../support/controlplane/index.ts";
import { PulumiExamples, shareVenv } from "../support/pulumi/examples.ts";
import { pulumiPython } from "../support/python.ts";
import { ReadyPods } from "../support/ready-pods.ts";

const run = promisify(execFile);

/**
 * Programs that the command `pulumi` runs as its user does: with Pulumi's own engine, SDKs and Kubernetes provider, and the
 * package as npm packs it. A program of this project stands in for the language hosts.
 */
describe("pulumi up", () => {
  let plane: ControlPlane;
  let kubelet: ReadyPods;
  let examples: PulumiExamples;

  beforeAll(async () => {
    plane = await startControlPlane({ nodes: [{ name: "cpu-0", cpu: "16", memory: "64Gi" }] });
    kubelet = new ReadyPods(plane, ["avatarpool"]);
    examples = await PulumiExamples.create(plane);
  });
  afterAll(async () => {
    await kubelet?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  /** The commands of the README. No operator runs, so the pool cannot become ready. */
  async function upAndDestroy(folder: string, launchUrl: string): Promise<void> {
    await examples.pulumi(folder, "stack", "init", "dev");
    await examples.pulumi(folder, "config", "set", "imageRegistry", "registry.test");
    await examples.pulumi(folder, "config", "set", "waitForReady", "false");
    await examples.pulumi(folder, "up", "--yes", "--skip-preview");
    expect(JSON.parse(await examples.pulumi(folder, "stack", "output", "--json"))).toMatchObject({
      [launchUrl]: "http://avatarpool-gateway.avatarpool/avatars/trial/launch",
    });
    await examples.pulumi(folder, "up", "--yes", "--skip-preview", "--expect-no-changes");
    await examples.pulumi(folder, "destroy", "--yes", "--skip-preview");
    const left = await plane.kubectl(["get", "deployments", "--all-namespaces", "-o=name"]);
    expect(left.stdout).toBe("");
  }

  it("runs the quickstart in TypeScript, changes nothing the second time, and removes everything", async () => {
    await upAndDestroy(await examples.copy("quickstart"), "launchUrl");
  });

  describe("in Python", () => {
    let folder: string;
    let python: string;
    beforeAll(async () => {
      folder = await examples.copy("quickstart-python");
      python = await shareVenv(await pulumiPython(lineOnStderr), folder);
    });

    it("has the SDK that pulumi package add generates, and that the example's Pulumi.yaml names", async () => {
      const project = path.join(folder, "Pulumi.yaml");
      const text = await readFile(project, "utf8");
      const packages = /^packages:\n.*\n/m;
      await writeFile(project, text.replace(packages, ""));
      await examples.pulumi(folder, "package", "add", "../..");
      expect(packages.exec(await readFile(project, "utf8"))?.[0]).toBe(packages.exec(text)?.[0]);
    });

    it("has the types of the SDK, as mypy sees them", async () => {
      const { stdout } = await run(python, ["-m", "mypy", "--cache-dir=/dev/null", "__main__.py"], { cwd: folder });
      expect(stdout).toContain("no issues found");
    });

    it("runs the quickstart, changes nothing the second time, and removes everything", async () => {
      await upAndDestroy(folder, "launch_url");
    });
  });
});
