import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";

interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const spec = {
  apiSecretRef: { name: "bithuman" },
  presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
  workers: [{ name: "gpu", engine: "expression", max: 4 }],
} as const;

describe.each([{ preview: false }, { preview: true }])("components, preview $preview", ({ preview }) => {
  let components: typeof import("./index.ts");
  let registered: Registered[];

  beforeAll(async () => {
    registered = [];
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          registered.push({ type, name, inputs });
          return { id: `${name}-id`, state: inputs };
        },
        call: () => ({}),
      },
      "avatars",
      "test",
      preview,
    );
    components = await import("./index.ts");
  });

  const find = (type: string) => registered.find((resource) => resource.type === type);

  it("AvatarPool creates one custom resource, and outputs the launch URL", async () => {
    const pool = new components.AvatarPool("support", {
      namespace: pulumi.output("avatars"),
      spec: { ...spec, workers: [...spec.workers], presets: [...spec.presets] },
    });
    expect(await resolved(pool.launchUrl)).toBe("http://avatarpool-gateway.avatarpool/avatars/support/launch");
    expect(find("kubernetes:avatarpool.dev/v1alpha1:AvatarPool")?.inputs).toEqual({
      apiVersion: "avatarpool.dev/v1alpha1",
      kind: "AvatarPool",
      metadata: { name: "support", namespace: "avatars" },
      spec,
    });
  });

  it("AvatarPoolOperator installs the chart in a new namespace, or in the given one", async () => {
    const operator = new components.AvatarPoolOperator("operator", { values: { logLevel: "debug" } });
    expect(await resolved(operator.gatewayUrl)).toBe("http://avatarpool-gateway.avatarpool");
    expect(find("kubernetes:core/v1:Namespace")?.inputs).toMatchObject({ metadata: { name: "avatarpool" } });
    await expect
      .poll(() => find("kubernetes:helm.sh/v4:Chart")?.inputs)
      .toMatchObject({
        name: "avatarpool",
        namespace: "avatarpool",
        chart: expect.stringMatching(/charts\/avatarpool$/),
        values: { logLevel: "debug" },
      });

    const elsewhere = new components.AvatarPoolOperator("elsewhere", { namespace: "platform" });
    expect(await resolved(elsewhere.gatewayUrl)).toBe("http://avatarpool-gateway.platform");
    expect(registered.filter(({ type }) => type === "kubernetes:core/v1:Namespace")).toHaveLength(1);
  });
});

/** Pulumi's plugin host requests this schema to generate SDKs for other languages. */
it("the components have a schema that describes every field", async () => {
  const { ComponentProvider } = createRequire(import.meta.url)("@pulumi/pulumi/provider/experimental");
  const { AvatarPool, AvatarPoolOperator } = await import("./index.ts");
  const provider = new ComponentProvider({
    name: "avatarpool",
    dirname: import.meta.dirname,
    components: [AvatarPool, AvatarPoolOperator],
  });
  const schema = JSON.parse(await provider.getSchema());
  expect(Object.keys(schema.resources)).toEqual(["avatarpool:index:AvatarPool", "avatarpool:index:AvatarPoolOperator"]);
  expect(schema.types["avatarpool:index:WorkerArgs"].properties.max).toMatchObject({
    type: "number",
    description: expect.any(String),
  });
  expect(schema.types["avatarpool:index:WorkerEngine"].enum).toContainEqual({ name: "Expression", value: "expression" });
});

function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
