import { structuralSchema } from "../../operator/api/crd.ts";
import { parseDurationMs } from "../../operator/api/duration.ts";
import { poolSpecSchema } from "../../operator/api/v1alpha1/index.ts";

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string }[];
}

/**
 * The result of the CRD's schema for a value of one field, such as `spec.workers[].gpu.resourceName`. The pattern, the limits and the
 * rules of that field alone are evaluated; CEL expressions over a string are JavaScript once a few functions are renamed.
 */
export function admits(path: string): (value: string | number) => boolean {
  const node = nodeAt(path);
  const rules = (node["x-kubernetes-validations"] ?? [])
    .filter(({ rule }) => !rule.startsWith("timestamp("))
    .map(({ rule }) => compile(rule));
  const pattern = node.pattern === undefined ? undefined : new RegExp(node.pattern);
  return (value) => {
    if (typeof value === "number") return value >= (node.minimum ?? -Infinity) && rules.every((rule) => rule(value));
    if (value.length > (node.maxLength ?? Infinity) || value.length < (node.minLength ?? 0)) return false;
    return (pattern?.test(value) ?? true) && rules.every((rule) => rule(value));
  };
}

function nodeAt(path: string): Node {
  let node: Node = { properties: { spec: structuralSchema(poolSpecSchema) as Node } };
  for (const step of path.split(/[.]|(?=\[\])/)) {
    const child: Node | undefined = step === "[]" ? node.items : node.properties?.[step];
    if (child === undefined) throw new Error(`the CRD has no ${path}`);
    node = child;
  }
  return node;
}

type Rule = (self: string | number) => boolean;

function compile(rule: string): Rule {
  const expression = rule
    .replaceAll(/self[.]matches\(('(?:[^'\\]|\\.)*')\)/g, "new RegExp($1).test(self)")
    .replaceAll("self.contains(", "self.includes(")
    .replaceAll("self.size()", "self.length")
    .replaceAll("type(self) == int", "typeof self === 'number'")
    .replaceAll(/(\S+) in (\[[^\]]*\])/g, "$2.includes($1)");
  return new Function("duration", "self", `return ${expression};`).bind(undefined, parseDurationMs) as Rule;
}
