import { readFile } from "node:fs/promises";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
  readonly provider: string | undefined;
}

const POOL = "kubernetes:avatarpool.dev/v1alpha1:AvatarPool";
const spec = {
  apiSecretRef: { name: "bithuman" },
  presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
  workers: [{ name: "gpu", engine: "expression" as const, max: 4 }],
};
const ready = {
  type: "Ready",
  status: "True",
  reason: "AllPresetsReady",
  message: "",
  lastTransitionTime: "",
  observedGeneration: 1,
};
const status = { conditions: [ready], warmSlots: 2 };

describe.each([{ preview: false }, { preview: true }])("components, preview $preview", ({ preview }) => {
  let components: typeof import("./index.ts");
  let registered: Registered[];

  beforeEach(async () => {
    registered = [];
    const newResource = ({ type, name, inputs, provider }: pulumi.runtime.MockResourceArgs) => {
      registered.push({ type, name, inputs, provider });
      return { id: `${name}-id`, state: type === POOL ? { ...inputs, status } : inputs };
    };
    await pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "avatars", "test", preview);
    components = await import("./index.ts");
  });
  // Waits until the components have registered their resources, which goes on after the constructors.
  afterEach(() => pulumi.runtime.disconnect());

  const find = (type: string) => registered.find((resource) => resource.type === type)?.inputs;

  it("AvatarPool creates one custom resource, and outputs the launch URL and its status", async () => {
    const pool = new components.AvatarPool("support", { namespace: pulumi.output("avatars"), spec });
    expect(await resolved(pool.launchUrl)).toBe("http://avatarpool-gateway.avatarpool/avatars/support/launch");
    expect(await resolved(pool.warmSlots)).toBe(2);
    expect(await resolved(pool.conditions)).toEqual([ready]);
    expect(find(POOL)).toEqual({
      apiVersion: "avatarpool.dev/v1alpha1",
      kind: "AvatarPool",
      metadata: { name: "support", namespace: "avatars" },
      spec,
    });
  });

  it("AvatarPool passes labels and annotations on, and adds Pulumi's annotation to wait", async () => {
    const pool = new components.AvatarPool("support", {
      namespace: "avatars",
      spec,
      labels: { team: "support" },
      annotations: { owner: "voice" },
      waitForReady: pulumi.output(true),
    });
    await resolved(pool.launchUrl);
    expect(find(POOL)).toMatchObject({
      metadata: { labels: { team: "support" }, annotations: { owner: "voice", "pulumi.com/waitFor": "condition=Ready" } },
    });
  });

  it("AvatarPoolOperator installs the chart in a new namespace, or in the given one", async () => {
    const operator = new components.AvatarPoolOperator("operator", { values: { logLevel: "debug" } });
    expect(await resolved(operator.gatewayUrl)).toBe("http://avatarpool-gateway.avatarpool");
    expect(find("kubernetes:core/v1:Namespace")).toMatchObject({ metadata: { name: "avatarpool" } });
    const installed = { name: "avatarpool", namespace: "avatarpool", values: { logLevel: "debug" } };
    const chart = expect.stringMatching(/charts\/avatarpool$/);
    await expect.poll(() => find("kubernetes:helm.sh/v4:Chart")).toMatchObject({ ...installed, chart });

    const elsewhere = new components.AvatarPoolOperator("elsewhere", { namespace: "platform" });
    expect(await resolved(elsewhere.gatewayUrl)).toBe("http://avatarpool-gateway.platform");
    expect(registered.filter(({ type }) => type === "kubernetes:core/v1:Namespace")).toHaveLength(1);
  });

  it("AvatarPoolOperator installs a Helm release, of another chart and under another name", async () => {
    const operator = new components.AvatarPoolOperator("operator", {
      release: "release",
      releaseName: "voices",
      namespace: "platform",
      chart: "oci://example.com/charts/avatarpool",
      version: "1.2.3",
      values: { gateway: { tls: { secretName: pulumi.secret("gateway-tls") } } },
    });
    expect(await resolved(operator.gatewayUrl)).toBe("https://voices-gateway.platform");
    expect(await pulumi.isSecret(operator.gatewayUrl)).toBe(false);
    const chart = { name: "voices", namespace: "platform", chart: "oci://example.com/charts/avatarpool", version: "1.2.3" };
    await expect.poll(() => find("kubernetes:helm.sh/v3:Release")).toMatchObject(chart);
    expect(find("kubernetes:helm.sh/v4:Chart")).toBeUndefined();
  });

  it("the resources inherit transformations and providers, and receive the timeouts of their component", async () => {
    const { Provider } = await import("@pulumi/kubernetes");
    const provider = new Provider("other", {});
    const options: Record<string, pulumi.ResourceOptions> = {};
    const inherit = (args: pulumi.ResourceTransformationArgs) => {
      options[args.type] = args.opts;
      return undefined;
    };
    const opts = { transformations: [inherit], customTimeouts: { delete: "2h" } };
    const pool = new components.AvatarPool("support", { namespace: "avatars", spec }, { ...opts, provider });
    const operator = new components.AvatarPoolOperator("operator", {}, { ...opts, providers: [provider] });
    await Promise.all([resolved(pool.launchUrl), resolved(operator.gatewayUrl)]);
    expect(options[POOL]).toMatchObject({ parent: pool, customTimeouts: { delete: "2h" } });
    for (const type of ["kubernetes:core/v1:Namespace", "kubernetes:helm.sh/v4:Chart"]) {
      expect(options[type]?.parent).toBe(operator);
    }
    const using = registered.filter(({ provider }) => provider?.includes("::other::")).map(({ type }) => type);
    expect(using).toEqual(expect.arrayContaining([POOL, "kubernetes:core/v1:Namespace"]));
  });

  it.each([
    { example: "quickstart", program: () => import("./examples/quickstart/index.ts"), pool: "trial" },
    { example: "gpu-cluster", program: () => import("./examples/gpu-cluster/index.ts"), pool: "support" },
  ])("the example $example makes its pool from the defaults of its Pulumi.yaml", async ({ example, program, pool }) => {
    pulumi.runtime.setAllConfig(await settings(example, { imageRegistry: "example.com/avatars", apiSecret: "key" }));
    vi.resetModules();
    const { launchUrl } = await program();
    expect(await resolved(launchUrl)).toBe(`http://avatarpool-gateway.avatarpool/avatars/${pool}/launch`);
  });
});

/** Configuration as the engine passes it to a program: the given settings, and the defaults of the project. */
async function settings(example: string, given: Record<string, string>): Promise<Record<string, string>> {
  const text = await readFile(path.join(import.meta.dirname, "examples", example, "Pulumi.yaml"), "utf8");
  const project: { config: Record<string, { default?: unknown }> } = parse(text);
  const defaults = Object.entries(project.config).filter(([, { default: value }]) => value !== undefined);
  const all = { ...Object.fromEntries(defaults.map(([key, { default: value }]) => [key, String(value)])), ...given };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [`avatars:${key}`, value]));
}

function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
