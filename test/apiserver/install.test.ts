import { readdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { foreignCrd } from "../support/foreign-crds.ts";

const root = path.join(import.meta.dirname, "..", "..");
const manifest = path.join(root, "dist", "install.yaml");
const examples = path.join(root, "examples");

describe("kubectl apply", () => {
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane({ kwok: false });
    expect(await plane.kubectl(["apply", "-f", manifest])).toMatchObject({ code: 0, stderr: "" });
    await plane.kubectl(["wait", "--for=condition=Established", "crd/avatarpools.avatarpool.dev", "--timeout=30s"]);
    await plane.kubectl(["create", "namespace", "avatars"]);
    expect(await plane.kubectl(["apply", "--server-side", "-f", await foreignCrd("httproutes")])).toMatchObject({ code: 0 });
    await plane.kubectl(["wait", "--for=condition=Established", "crd/httproutes.gateway.networking.k8s.io", "--timeout=30s"]);
  });
  afterAll(() => plane?.stop());

  it("installs the operator and the gateway", async () => {
    const { stdout } = await plane.kubectl(["get", "deployments", "--namespace=avatarpool", "-o=name"]);
    expect(stdout.trim().split("\n")).toEqual(["deployment.apps/avatarpool-gateway", "deployment.apps/avatarpool-operator"]);
  });

  const files = readdirSync(examples, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".yaml"));

  it.each(files)("accepts the example %s", async (file) => {
    const result = await plane.kubectl(["apply", "--dry-run=server", "-f", path.join(examples, file)]);
    // No unknown field, no violated rule, no warning.
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });

  it("can be repeated and reverted", async () => {
    expect(await plane.kubectl(["apply", "-f", manifest])).toMatchObject({ code: 0, stderr: "" });
    const generations = await plane.kubectl([
      "get",
      "deployments",
      "--namespace=avatarpool",
      "-o=jsonpath={.items[*].metadata.generation}",
    ]);
    expect(generations.stdout).toBe("1 1");
    expect(await plane.kubectl(["delete", "-f", manifest, "--wait=false"])).toMatchObject({ code: 0, stderr: "" });
  });
});
