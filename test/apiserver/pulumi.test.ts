import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AvatarPool, AvatarPoolOperator, type AvatarPoolSpec } from "../../pulumi/index.ts";
import { type ControlPlane, startControlPlane } from "../support/controlplane/index.ts";
import { PulumiStacks } from "../support/pulumi/stack.ts";
import { ReadyPods } from "../support/ready-pods.ts";
import { gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/** Pulumi's engine and Kubernetes provider on a real API server. Inline programs, because its language hosts cannot be built. */

const pool = (max: number): AvatarPoolSpec => ({
  apiSecretRef: { name: "bithuman" },
  presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
  workers: [{ name: "gpu", engine: "expression", max }],
});

/** Resources that an update changes, as `update kubernetes:apps/v1:Deployment spec.replicas`. Components and providers are omitted. */
function changes() {
  const found: string[] = [];
  const onEvent = ({ resourcePreEvent }: EngineEvent) => {
    if (resourcePreEvent === undefined) return;
    const { op, type, detailedDiff } = resourcePreEvent.metadata;
    if (op === "same" || !type.startsWith("kubernetes:")) return;
    found.push([op, type, ...Object.keys(detailedDiff ?? {})].join(" "));
  };
  return { found, onEvent };
}

describe("a program that installs the operator and a pool", () => {
  let plane: ControlPlane;
  let kubelet: ReadyPods;
  let stacks: PulumiStacks;
  let max = 4;
  let image = { repository: "registry.test/avatarpool", tag: "1.0.0" };

  const program = async () => {
    const token = pulumi.secret("secret-of-a-proxy");
    const operator = new AvatarPoolOperator("operator", {
      namespace: "avatarpool",
      values: { image, operator: { replicas: 1, extraEnv: [{ name: "PROXY_TOKEN", value: token }] } },
    });
    const support = new AvatarPool(
      "support",
      { namespace: "avatars", gatewayUrl: operator.gatewayUrl, spec: pool(max) },
      { dependsOn: operator },
    );
    return { launchUrl: support.launchUrl };
  };
  const stack = () => stacks.open("test", program);

  beforeAll(async () => {
    plane = await startControlPlane({ nodes: [{ name: "cpu-0", cpu: "16", memory: "64Gi" }] });
    for (const namespace of ["avatarpool", "avatars", "second"]) await kubectl("create", "namespace", namespace);
    kubelet = new ReadyPods(plane, ["avatarpool", "second"]);
    stacks = await PulumiStacks.create(plane);
  });
  afterAll(async () => {
    await kubelet?.[Symbol.asyncDispose]();
    await plane?.stop();
  });

  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await plane.kubectl(args);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const maxOfPool = () => kubectl("get", "avatarpool/support", "-n=avatars", "-o=jsonpath={.spec.workers[0].max}");

  it("previews before the CRD exists", async () => {
    const { changeSummary } = await (await stack()).preview();
    expect(changeSummary.create).toBeGreaterThan(15);
  });

  it("installs the operator, waits for its pods, and then creates the pool", async () => {
    let log = "";
    const write = (entry: string) => {
      log += entry;
    };
    // The debug messages of Pulumi's own SDK show secrets, so they are not part of the promise.
    const onEvent = (event: EngineEvent) => {
      if (String(event.diagnosticEvent?.severity) !== "debug") write(JSON.stringify(event));
    };
    const { outputs } = await (await stack()).up({ onOutput: write, onEvent });
    expect(outputs.launchUrl?.value).toBe("http://avatarpool-gateway.avatarpool/avatars/support/launch");
    expect(await kubectl("get", "deployments", "-n=avatarpool", "-o=jsonpath={.items[*].status.availableReplicas}")).toBe("2 1");
    expect(await maxOfPool()).toBe("4");
    expect(log).not.toContain("secret-of-a-proxy");
  });

  it("changes nothing if nothing changed", async () => {
    const { found, onEvent } = changes();
    await (await stack()).up({ onEvent });
    expect(found).toEqual([]);
  });

  it("changes the pool alone, and names the field", async () => {
    max = 6;
    const { found, onEvent } = changes();
    await (await stack()).up({ onEvent });
    expect(found).toEqual(["update kubernetes:avatarpool.dev/v1alpha1:AvatarPool spec.workers[0].max"]);
    expect(await maxOfPool()).toBe("6");
  });

  it("rejects a bad spec with the schema's own sentence, before it changes anything", async () => {
    max = -1;
    await expect((await stack()).preview()).rejects.toThrow(/spec.workers\[0\].max/);
    max = 6;
    expect(await maxOfPool()).toBe("6");
  });

  it("finds and reverts a change by hand", async () => {
    await kubectl(
      "patch",
      "avatarpool/support",
      "-n=avatars",
      "--type=json",
      "-p",
      JSON.stringify([{ op: "replace", path: "/spec/workers/0/max", value: 9 }]),
    );
    const refreshed = await (await stack()).refresh();
    expect(refreshed.summary.resourceChanges?.update).toBe(1);
    const { found, onEvent } = changes();
    await (await stack()).up({ onEvent });
    expect(found).toEqual(["update kubernetes:avatarpool.dev/v1alpha1:AvatarPool spec.workers[0].max"]);
    expect(await maxOfPool()).toBe("6");
  });

  it("updates the operator's version, and leaves the pool alone", async () => {
    image = { ...image, tag: "1.1.0" };
    const { found, onEvent } = changes();
    await (await stack()).up({ onEvent });
    expect(found.map((change) => change.split(" ").slice(0, 2).join(" "))).toEqual([
      "update kubernetes:apps/v1:Deployment",
      "update kubernetes:apps/v1:Deployment",
    ]);
  });

  it("installs a second operator in another namespace, as a Helm release", async () => {
    const second = await stacks.open("second", async () => {
      const token = pulumi.secret("secret-of-a-proxy");
      new AvatarPoolOperator("two", {
        namespace: "second",
        release: "release",
        values: {
          image,
          namespaces: ["second"],
          crds: { install: false },
          // Its hook would run a program of the image.
          uninstall: { releasePools: false },
          operator: { extraEnv: [{ name: "PROXY_TOKEN", value: token }] },
        },
      });
    });
    await second.up();
    expect(await kubectl("get", "deployments", "-n=second", "-o=jsonpath={.items[*].status.availableReplicas}")).toBe("2 2");
    expect(await stacks.stateFiles()).toContain("helm.sh/v3:Release");
    await second.destroy();
    expect(await maxOfPool()).toBe("6");
  });

  it("keeps secrets secret in its state", async () => {
    expect(await stacks.stateFiles()).not.toContain("secret-of-a-proxy");
  });

  it("removes everything", async () => {
    await (await stack()).destroy();
    expect(await kubectl("get", "deployments", "--all-namespaces", "-o=name", "--ignore-not-found")).toBe("");
  });
});

describe("a pool on a cluster with the operator", () => {
  let stage: Stage;
  let scenario: Scenario;
  let stacks: PulumiStacks;

  beforeAll(async () => {
    stage = await Stage.open();
    scenario = await stage.scenario("pulumi");
    stacks = await PulumiStacks.create(stage.plane);
  });
  afterAll(() => stage?.stop());

  it("is created, and Pulumi waits until it is ready", async () => {
    const stack = await stacks.open("waiting", async () => {
      const { launchUrl, warmSlots, conditions } = new AvatarPool("pool", {
        namespace: "pulumi",
        waitForReady: true,
        gatewayUrl: "https://avatars.example.com",
        spec: { ...pool(2), warm: { slots: 1 } },
      });
      return { launchUrl, warmSlots, ready: conditions.apply((all) => all.find(({ type }) => type === "Ready")?.status) };
    });
    const { outputs } = await stack.up();
    expect(outputs).toMatchObject({
      launchUrl: { value: "https://avatars.example.com/pulumi/pool/launch" },
      ready: { value: "True" },
    });
    await scenario.until("a warm slot", async () => ((await scenario.status()).warmSlots ?? 0) > 0);
    await stack.refresh();
    expect((await stack.up()).outputs.warmSlots?.value).toBeGreaterThan(0);
    await stack.destroy();
    expect(await scenario.getPool()).toBeUndefined();
  });

  it("is imported as kubectl made it, and destroyed only when its sessions have ended", async () => {
    await scenario.readyPool({ workers: [gpuGroup()] });
    await scenario.sessions(1);
    const { metadata, spec } = (await scenario.getPool()) as { metadata: { generation: number }; spec: never };
    const stack = await stacks.open("imported", async () => {
      new AvatarPool("pool", { namespace: "pulumi", spec }, { transforms: [imports] });
    });
    const { found, onEvent } = changes();
    await stack.up({ onEvent });
    expect(found[0]).toBe("import kubernetes:avatarpool.dev/v1alpha1:AvatarPool");
    expect((await scenario.getPool())?.metadata?.generation).toBe(metadata.generation);
    const destroyed = stack.destroy();
    await scenario.until("the pool to drain", async () => (await scenario.getPool())?.metadata?.deletionTimestamp !== undefined);
    expect(scenario.activeSessions()).toBe(1);
    scenario.endSessions();
    await destroyed;
    expect(await scenario.getPool()).toBeUndefined();
    expect(scenario.kills()).toEqual([]);
  });
});

const imports: pulumi.ResourceTransform = ({ type, props, opts }) =>
  type === "kubernetes:avatarpool.dev/v1alpha1:AvatarPool"
    ? { props, opts: pulumi.mergeOptions(opts, { import: "pulumi/pool" }) }
    : undefined;
