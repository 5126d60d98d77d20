import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AvatarPool, AvatarPoolOperator } from "../../pulumi/index.ts";
import { type ControlPlane, startControlPlane, toolPath } from "../support/controlplane/index.ts";

const standIn = path.join(import.meta.dirname, "..", "support", "pulumi");

/** The real Pulumi engine and a real API server. Only the Kubernetes provider is a stand-in. */
describe("Pulumi", () => {
  let plane: ControlPlane;
  let stack: Stack;
  let max = 4;

  const program = async () => {
    const operator = new AvatarPoolOperator("operator", { values: { operator: { replicas: 1 } } });
    const pool = new AvatarPool(
      "support",
      {
        namespace: "avatars",
        gatewayUrl: operator.gatewayUrl,
        spec: {
          apiSecretRef: { name: "bithuman" },
          presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
          workers: [{ name: "gpu", engine: "expression", max }],
        },
      },
      { dependsOn: operator },
    );
    return { launchUrl: pool.launchUrl };
  };

  beforeAll(async () => {
    plane = await startControlPlane({ kwok: false });
    await plane.kubectl(["create", "namespace", "avatars"]);
    stack = await newStack(plane, program);
  });
  afterAll(() => plane?.stop());

  const get = async (...args: string[]) => (await plane.kubectl(["get", ...args])).stdout;
  const maxOfPool = () => get("avatarpool/support", "--namespace=avatars", "-o=jsonpath={.spec.workers[0].max}");

  it("installs the operator and then a pool, and outputs the launch URL", async () => {
    const { outputs } = await stack.up();
    expect(outputs.launchUrl?.value).toBe("http://avatarpool-gateway.avatarpool/avatars/support/launch");
    expect(await get("deployment/avatarpool-operator", "--namespace=avatarpool", "-o=jsonpath={.spec.replicas}")).toBe("1");
    expect(await maxOfPool()).toBe("4");
  });

  it("changes the pool, and only the pool", async () => {
    max = 6;
    const changed: string[] = [];
    await stack.up({
      onEvent: ({ resourcePreEvent: event }) => {
        if (event === undefined || event.metadata.op === "same" || event.metadata.type.startsWith("pulumi:providers:")) return;
        changed.push(`${event.metadata.op} ${event.metadata.type}`);
      },
    });
    expect(changed.sort()).toEqual(["update avatarpool:index:AvatarPool", "update kubernetes:avatarpool.dev/v1alpha1:AvatarPool"]);
    expect(await maxOfPool()).toBe("6");
  });

  it("removes everything", async () => {
    await stack.destroy();
    expect(await get("avatarpools,deployments", "--all-namespaces", "-o=name", "--ignore-not-found")).toBe("");
  });
});

async function newStack(plane: ControlPlane, program: () => Promise<Record<string, unknown>>): Promise<Stack> {
  const folder = path.join(plane.folder, "pulumi");
  const bin = path.join(folder, "bin");
  await mkdir(bin, { recursive: true });
  for (const name of ["pulumi", "kubectl", "helm"] as const) await symlink(await toolPath(name), path.join(bin, name));

  await symlink(process.execPath, path.join(bin, "node"));
  return LocalWorkspace.createOrSelectStack(
    { stackName: "test", projectName: "avatars", program },
    {
      pulumiHome: folder,
      pulumiCommand: await PulumiCommand.get({ root: folder }),
      envVars: {
        PATH: [standIn, bin, process.env.PATH].join(path.delimiter),
        KUBECONFIG: plane.kubeconfig,
        PULUMI_BACKEND_URL: `file://${folder}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    },
  );
}
