import { API_GROUP, API_VERSION, KIND } from "./names.ts";

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-validations"?: readonly { readonly message?: string }[];
}

/** The reference page of the resource in Markdown, made from the CRD's own schema. */
export function referencePage(spec: unknown, status: unknown): string {
  return [
    `# ${KIND} ${API_GROUP}/${API_VERSION}`,
    "",
    "Made by `npm run generate` from the zod schemas in `operator/api/v1alpha1`; do not edit.",
    "`kubectl explain avatarpool.spec --recursive` shows the same.",
    "",
    "## spec",
    "",
    ...table("", spec as SchemaNode),
    "",
    "## status",
    "",
    ...table("", status as SchemaNode),
    "",
  ].join("\n");
}

function table(path: string, node: SchemaNode): string[] {
  return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", ...rows(path, node)];
}

function rows(path: string, node: SchemaNode): string[] {
  const properties = Object.entries(node.properties ?? {});
  return properties.flatMap(([name, child]) => {
    const here = path === "" ? name : `${path}.${name}`;
    const required = node.required?.includes(name) ? " (required)" : "";
    const own = `| \`${here}\` | ${typeOf(child)} | ${defaultOf(child)} | ${meaning(child)}${required} |`;
    const inner = child.items === undefined ? rows(here, child) : rows(`${here}[]`, child.items);
    return [own, ...inner];
  });
}

function typeOf(node: SchemaNode): string {
  if (node["x-kubernetes-int-or-string"]) return "integer or string";
  // Without a type a field takes both forms of a quantity.
  if (node["x-kubernetes-preserve-unknown-fields"] && node.type === undefined) return "number or string";
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(", ");
  if (node.items !== undefined) return `list of ${typeOf(node.items)}`;
  if (node.additionalProperties !== undefined) return `map of ${typeOf(node.additionalProperties)}`;
  const range = node.minimum === undefined && node.maximum === undefined ? "" : ` ${node.minimum ?? ""}–${node.maximum ?? ""}`;
  return `${node.type ?? "object"}${range}`;
}

function defaultOf(node: SchemaNode): string {
  if (node.default === undefined || typeof node.default === "object") return "";
  return `\`${String(node.default)}\``;
}

function meaning(node: SchemaNode): string {
  const rules = (node["x-kubernetes-validations"] ?? []).flatMap(({ message }) => (message === undefined ? [] : [message]));
  const text = [node.description ?? "", ...rules.map((rule) => `_${rule}._`)].join(" ");
  return text.replaceAll("|", "\\|").replaceAll("\n", " ").trim();
}
