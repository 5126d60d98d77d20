/** The part of a JSON schema that a declaration is made from. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
}

export interface DeclarationOptions {
  /** Name of the outermost interface. */
  readonly name: string;
  /** First part of every other name. */
  readonly prefix: string;
  /** Whether every field may be a `pulumi.Input`, as in arguments. The fields of outputs are plain. */
  readonly inputs: boolean;
}

/** Of the formatter. */
const LINE_WIDTH = 132;

/**
 * The interfaces and enumerations of a schema, the outermost first. They are written out, not derived in the type system, because
 * Pulumi reads interfaces when it makes the SDKs for other languages. No name ends in `Args`: these SDKs append it.
 */
export function declarations(root: SchemaNode, { name, prefix, inputs }: DeclarationOptions): string {
  const declared = new Map<string, string>();
  const wrapped = (type: string) => (inputs ? `pulumi.Input<${type}>` : type);

  function typeOf(name: string, node: SchemaNode): string {
    if (node.$ref !== undefined) return typeOfDefinition(node.$ref.replace("#/$defs/", ""));
    if (node.enum !== undefined) return declareEnum(name, node);
    if (node.items !== undefined) return `${wrapped(typeOf(singular(name), node.items))}[]`;
    if (node.properties !== undefined && node["x-kubernetes-preserve-unknown-fields"]) return mapOf(wrapped("any"));
    if (node.properties !== undefined) return declareInterface(name, name, node);
    if (typeof node.additionalProperties === "object") return mapOf(wrapped(typeOf(name, node.additionalProperties)));
    switch (node.type) {
      case "string":
      case "boolean":
        return node.type;
      case "integer":
      case "number":
        return "number";
      case "object":
        return mapOf("any");
      default:
        return "any";
    }
  }

  function typeOfDefinition(definition: string): string {
    const node = root.$defs?.[definition];
    if (node === undefined) throw new Error(`the schema has no definition ${definition}`);
    return typeOf(prefix + pascal(definition), node);
  }

  function declareInterface(name: string, prefix: string, node: SchemaNode): string {
    if (declared.has(name)) return name;
    declared.set(name, "");
    const fields = Object.entries(node.properties ?? {}).map(([field, child]) => {
      const optional = node.required?.includes(field) ? "" : "?";
      return `${comment(describe(child), "  ")}  ${field}${optional}: ${wrapped(typeOf(prefix + pascal(field), child))};\n`;
    });
    declared.set(name, `${comment(node.description, "")}export interface ${name} {\n${fields.join("")}}\n`);
    return name;
  }

  /** An empty value means the same as an absent field, so it is no member. */
  function declareEnum(name: string, node: SchemaNode): string {
    const members = (node.enum ?? []).filter((value) => value !== "").map((value) => `  ${pascal(value)}: "${value}",\n`);
    const union = `(typeof ${name})[keyof typeof ${name}];`;
    const line = `export type ${name} = ${union}`;
    const type = line.length > LINE_WIDTH ? `export type ${name} =\n  ${union}\n` : `${line}\n`;
    declared.set(name, `${comment(node.description, "")}export const ${name} = {\n${members.join("")}} as const;\n${type}`);
    return name;
  }

  const describe = (node: SchemaNode) => node.description ?? root.$defs?.[node.$ref?.replace("#/$defs/", "") ?? ""]?.description;

  declareInterface(name, prefix, root);
  return [...declared.values()].join("\n");
}

const mapOf = (type: string) => `{ [key: string]: ${type} }`;

const singular = (name: string) => name.replace(/ies$/, "y").replace(/(?<!s)s$/, "");

function comment(description: string | undefined, indent: string): string {
  return description === undefined ? "" : `${indent}/** ${description.replaceAll("*/", "*\\/")} */\n`;
}

function pascal(text: string): string {
  return text.replaceAll(/(^|-)([a-z])/g, (_match, _dash, letter: string) => letter.toUpperCase());
}
