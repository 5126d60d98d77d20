import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation/index.js";
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

/** What the engine does with each resource, in order: `start` and `end` of the step, with the new state. Components are omitted. */
function steps() {
  const found: { at: "start" | "end"; metadata: StepEventMetadata }[] = [];
  const onEvent = ({ resourcePreEvent, resOutputsEvent }: EngineEvent) => {
    const metadata = (resourcePreEvent ?? resOutputsEvent)?.metadata;
    if (metadata === undefined || !/^kubernetes:(?!helm)/.test(metadata.type)) return;
    found.push({ at: resourcePreEvent === undefined ? "end" : "start", metadata });
  };
  return { found, onEvent };
}

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
  let names = { operator: "operator", pool: "support" };
  let annotations: Record<string, string> | undefined;

  const program = async () => {
    const token = pulumi.secret("secret-of-a-proxy");
    const values = { image, operator: { replicas: 1, extraEnv: [{ name: "PROXY_TOKEN", value: token }] } };
    const operator = new AvatarPoolOperator(
      names.operator,
      { namespace: "avatarpool", values },
      { aliases: [{ name: "operator" }] },
    );
    const support = new AvatarPool(
      names.pool,
      {
        name: "support",
        namespace: "avatars",
        gatewayUrl: operator.gatewayUrl,
        spec: pool(max),
        ...(annotations && { annotations }),
      },
      { dependsOn: operator, aliases: [{ name: "support" }] },
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

  const kubectlStdin = async (stdin: object, ...args: string[]) => {
    const { code, stdout, stderr } = await plane.kubectl(args, { stdin: JSON.stringify(stdin) });
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const kubectl = (...args: string[]) => kubectlStdin({}, ...args);
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

  it("leaves a field to the manager that took it over, until patchForce takes it back", async () => {
    const taken = {
      apiVersion: "avatarpool.dev/v1alpha1",
      kind: "AvatarPool",
      metadata: { name: "support", namespace: "avatars" },
      spec: pool(9),
    };
    await kubectlStdin(taken, "apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-");
    max = 7;
    await expect((await stack()).up()).rejects.toThrow(/conflict with "other".*\.spec\.workers/s);
    expect(await maxOfPool()).toBe("9");
    annotations = { "pulumi.com/patchForce": "true" };
    await (await stack()).up();
    expect(await maxOfPool()).toBe("7");
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
    expect(await maxOfPool()).toBe("7");
  });

  it("keeps secrets secret in its state", async () => {
    expect(await stacks.stateFiles()).not.toContain("secret-of-a-proxy");
  });

  it("keeps every object if its components get other names, with aliases", async () => {
    names = { operator: "platform", pool: "help" };
    const { found, onEvent } = changes();
    await (await stack()).up({ onEvent });
    expect(found).toEqual([]);
  });

  it("passes providers, transforms and protection of its components to every object", async () => {
    const label: pulumi.ResourceTransform = ({ custom, props, opts }) =>
      custom ? { props: { ...props, metadata: { ...props.metadata, annotations: { team: "voice" } } }, opts } : undefined;
    const other = await stacks.open("other", async () => {
      const provider = new kubernetes.Provider("other", { kubeconfig: plane.kubeconfig });
      const common = { transforms: [label], protect: true };
      const operator = new AvatarPoolOperator("operator", { values: { image } }, { ...common, providers: [provider] });
      new AvatarPool("support", { namespace: "avatars", spec: pool(1) }, { ...common, provider, dependsOn: operator });
    });
    const { found, onEvent } = steps();
    await other.preview({ onEvent });
    const objects = found.filter(({ at }) => at === "start").map(({ metadata }) => metadata);
    expect(objects.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        "kubernetes:core/v1:Namespace",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:avatarpool.dev/v1alpha1:AvatarPool",
      ]),
    );
    for (const { urn, provider, new: state } of objects) {
      expect.soft(provider, urn).toContain("::other::");
      expect.soft(state?.inputs.metadata.annotations, urn).toEqual({ team: "voice" });
      expect.soft(state?.protect, urn).toBe(true);
    }
  });

  it("removes the pool, which depends on the operator, before any part of the operator", async () => {
    const { found, onEvent } = steps();
    await (await stack()).destroy({ onEvent });
    const [first, second, ...rest] = found;
    for (const step of [first, second]) expect(step?.metadata.type).toBe("kubernetes:avatarpool.dev/v1alpha1:AvatarPool");
    expect(second?.at).toBe("end");
    expect(rest.map(({ metadata }) => metadata.type)).toContain("kubernetes:apps/v1:Deployment");
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
