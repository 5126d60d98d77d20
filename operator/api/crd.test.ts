import { describe, expect, it } from "vitest";
import { customResourceDefinition, structuralSchema } from "./crd.ts";
import { poolSpecSchema } from "./v1alpha1/index.ts";

type Node = { readonly [key: string]: unknown };

/** Every nested schema, with its path. */
function* schemas(node: Node, path = "spec"): Generator<readonly [string, Node]> {
  yield [path, node];
  for (const [name, child] of Object.entries((node.properties ?? {}) as Record<string, Node>))
    yield* schemas(child, `${path}.${name}`);
  if (node.items !== undefined) yield* schemas(node.items as Node, `${path}[]`);
  if (typeof node.additionalProperties === "object") yield* schemas(node.additionalProperties as Node, `${path}{}`);
}
const version = customResourceDefinition().spec.versions[0]!;
const root = version.schema.openAPIV3Schema as unknown as Node;
const all = [...schemas(root, "")];
const paths = (holds: (node: Node) => boolean) => all.filter(([, node]) => holds(node)).map(([path]) => path);

describe("the CRD", () => {
  it("has a structural schema, as the API server requires", () => {
    expect(all.length).toBeGreaterThan(100);
    const has = (key: string) => paths((node) => key in node);
    for (const key of ["$schema", "$ref", "anyOf", "oneOf", "allOf", "propertyNames", "const"])
      expect([key, has(key)]).toEqual([key, []]);
    expect(paths((node) => "properties" in node && "additionalProperties" in node)).toEqual([]);
    const untyped = ["x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields"];
    expect(paths((node) => !("type" in node) && !untyped.some((extension) => node[extension] === true))).toEqual([]);
  });

  it("describes every field for kubectl explain", () => {
    expect(
      paths((node) => node.description === undefined && node["x-kubernetes-int-or-string"] !== true).filter(
        (path) => /\.(spec|status)/.test(path) && !/(\[\]|\{\})$/.test(path),
      ),
    ).toEqual([]);
  });

  it("requires no field that has a default", () => {
    const required = all.flatMap(([path, { required, properties }]) =>
      ((required ?? []) as string[])
        .filter((name) => (properties as Record<string, Node>)[name]?.default !== undefined)
        .map((name) => `${path}.${name}`),
    );
    expect(required).toEqual([]);
  });

  it("bounds every list of the spec, so that the cost of its rules stays within the limit", () => {
    const spec = [...schemas(structuralSchema(poolSpecSchema))];
    expect(spec.filter(([, { type, maxItems }]) => type === "array" && maxItems === undefined).map(([path]) => path)).toEqual([]);
  });

  it("gives every rule a message", () => {
    const rules = all.flatMap(([, node]) => (node["x-kubernetes-validations"] ?? []) as { rule: string; message?: string }[]);
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ message }) => message === undefined)).toEqual([]);
  });

  it("reads its columns from fields that the status has", () => {
    const status = (root.properties as Record<string, Node>).status!.properties as Record<string, unknown>;
    for (const { jsonPath } of version.additionalPrinterColumns) {
      const field = /^[.]status[.](\w+)/.exec(jsonPath)?.[1];
      if (field !== undefined) expect(Object.keys(status)).toContain(field);
    }
  });
});
