import fc from "fast-check";
import { expect, it } from "vitest";
import { structuralSchema } from "../crd.ts";
import { poolSpecSchema } from "./index.ts";

interface Node {
  readonly type?: "string" | "integer" | "number" | "boolean" | "array" | "object";
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly additionalProperties?: Node;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

/** Longer lists and texts add no coverage, except the lengths next to the limit. */
const FEW = 3;

/** Texts, measured in code points as by the API server. */
function text({ minLength = 0, maxLength = 20 }: Node): fc.Arbitrary<string> {
  const size = fc.oneof(fc.constant(minLength), fc.constant(Math.min(maxLength, minLength + FEW)), fc.constant(maxLength));
  return fc.tuple(size, fc.constantFrom("a", "é", "😀")).map(([length, character]) => character.repeat(length));
}

/** Values that the structural schema of a node admits, without its rules. */
function valuesOf(node: Node): fc.Arbitrary<unknown> {
  if (node["x-kubernetes-int-or-string"]) return fc.oneof(fc.integer({ min: 0, max: 5_000 }), text(node));
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  switch (node.type) {
    case "string":
      return text(node);
    case "integer":
      return fc.integer({ min: node.minimum ?? -1_000, max: node.maximum ?? 1_000 });
    case "number":
      return fc.double({ min: node.minimum ?? -1_000, max: node.maximum ?? 1_000, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "array": {
      const { minItems = 0, maxItems = FEW, items = {} } = node;
      return fc.array(valuesOf(items), { minLength: minItems, maxLength: Math.max(minItems, Math.min(FEW, maxItems)) });
    }
    case "object":
      return objectOf(node);
    // Without a type: a quantity.
    default:
      return fc.oneof(text(node), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }));
  }
}

function objectOf({ properties = {}, required = [], additionalProperties, ...node }: Node): fc.Arbitrary<unknown> {
  if (additionalProperties !== undefined) return fc.dictionary(fc.string(), valuesOf(additionalProperties), { maxKeys: FEW });
  const known = fc.record(Object.fromEntries(Object.entries(properties).map(([name, child]) => [name, valuesOf(child)])), {
    requiredKeys: [...required],
  });
  if (!node["x-kubernetes-preserve-unknown-fields"]) return known;
  // Generated names that differ from the known ones.
  const unknown = fc.dictionary(
    fc.string().map((name) => `x-${name}`),
    fc.jsonValue(),
    { maxKeys: FEW },
  );
  return fc.tuple(unknown, known).map(([free, fields]) => ({ ...free, ...(fields as object) }));
}

it("the operator can read every pool that the CRD's schema admits", () => {
  fc.assert(
    fc.property(valuesOf(structuralSchema(poolSpecSchema) as Node), (spec) => {
      const { error } = poolSpecSchema.safeParse(spec);
      expect(error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? []).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
