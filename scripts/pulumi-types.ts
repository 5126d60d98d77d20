import { structuralSchema } from "../operator/api/crd.ts";
import { poolSpecSchema } from "../operator/api/v1alpha1/index.ts";

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

const HEADER = `// Made by \`npm run generate\` from operator/api/v1alpha1; do not edit.
// biome-ignore-all lint/suspicious/noExplicitAny: for integers or strings and for free-form objects, Pulumi's schema knows Any only.
import type * as pulumi from "@pulumi/pulumi";
`;

/**
 * The content of `pulumi/pool-spec.ts`: a pool's spec as plain interfaces of `pulumi.Input`. They are written out, not
 * derived in the type system, because Pulumi reads interfaces when it makes the component's SDKs for other languages.
 */
export function pulumiTypes(): string {
  const declarations: string[] = [];
  declareInterface("AvatarPoolSpec", "", structuralSchema(poolSpecSchema) as SchemaNode, declarations);
  return [HEADER, ...declarations].join("\n");
}

/** Adds the interface and all that it needs, the outermost first. Returns its name. */
function declareInterface(name: string, prefix: string, node: SchemaNode, into: string[]): string {
  const at = into.push("") - 1;
  const fields = Object.entries(node.properties ?? {}).map(([field, child]) => {
    const optional = node.required?.includes(field) ? "" : "?";
    return `${comment(child, "  ")}  ${field}${optional}: ${inputType(prefix + pascal(field), child, into)};\n`;
  });
  into[at] = `${comment(node, "")}export interface ${name}Args {\n${fields.join("")}}\n`;
  return `${name}Args`;
}

function inputType(name: string, node: SchemaNode, into: string[]): string {
  return `pulumi.Input<${plainType(name, node, into)}>`;
}

function plainType(name: string, node: SchemaNode, into: string[]): string {
  if (node.enum !== undefined) return declareEnum(name, node.enum, into);
  if (node.items !== undefined) return `${inputType(name.replace(/s$/, ""), node.items, into)}[]`;
  if (node.properties !== undefined && node["x-kubernetes-preserve-unknown-fields"]) return "{ [key: string]: pulumi.Input<any> }";
  if (node.properties !== undefined) return declareInterface(name, name, node, into);
  if (node.additionalProperties !== undefined) return `{ [key: string]: ${inputType(name, node.additionalProperties, into)} }`;
  switch (node.type) {
    case "string":
    case "boolean":
      return node.type;
    case "integer":
    case "number":
      return "number";
    case "object":
      return "{ [key: string]: any }";
    default:
      return "any";
  }
}

function declareEnum(name: string, values: readonly string[], into: string[]): string {
  const members = values.map((value) => `  ${pascal(value)}: "${value}",\n`).join("");
  into.push(`export const ${name} = {\n${members}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];\n`);
  return name;
}

function comment({ description }: SchemaNode, indent: string): string {
  return description === undefined ? "" : `${indent}/** ${description.replaceAll("*/", "*\\/")} */\n`;
}

function pascal(text: string): string {
  return text.replaceAll(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
