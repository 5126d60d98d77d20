import { beforeAll, describe, expect, it } from "vitest";
import { componentSchema } from "../test/support/pulumi/components.ts";

interface Property {
  readonly description?: string;
}
interface Schema {
  readonly resources: Record<string, { inputProperties: Record<string, Property>; properties: Record<string, Property> }>;
  readonly types: Record<string, { properties?: Record<string, Property>; enum?: readonly { name: string; value: string }[] }>;
}

/** Pulumi's plugin host makes this schema, from which Pulumi generates the SDKs for other languages. */
describe("the schema of the components", () => {
  let schema: Schema;
  beforeAll(async () => {
    schema = JSON.parse(await componentSchema());
  });

  it("has both components, with enumerations", () => {
    expect(Object.keys(schema.resources)).toEqual(["avatarpool:index:AvatarPool", "avatarpool:index:AvatarPoolOperator"]);
    expect(schema.types["avatarpool:index:WorkerEngine"]?.enum).toContainEqual({ name: "Expression", value: "expression" });
    expect(schema.types["avatarpool:index:ChartGatewayServiceType"]?.enum).toContainEqual({ name: "NodePort", value: "NodePort" });
  });

  it("has no name to which an SDK would append a second Args", () => {
    const names = Object.keys(schema.types).filter((name) => /(Args|Array|Map|Output|Input)$/.test(name));
    expect(names).toEqual([]);
  });

  it("describes every property", () => {
    const resources = Object.entries(schema.resources).flatMap(([name, { inputProperties, properties }]) => [
      ...undescribed(name, inputProperties),
      ...undescribed(name, properties),
    ]);
    const types = Object.entries(schema.types).flatMap(([name, { properties = {} }]) => undescribed(name, properties));
    expect([...resources, ...types]).toEqual([]);
  });
});

function undescribed(owner: string, properties: Record<string, Property>): string[] {
  return Object.keys(properties)
    .filter((name) => !properties[name]?.description)
    .map((name) => `${owner}.${name}`);
}
