import { stringify } from "yaml";
import { annotations } from "../../api/names.ts";
import { hideSecrets } from "../../workers/hide-secrets.ts";

/** Removes from objects and texts what must not leave the cluster in a bug report. */

const REDACTED = "[redacted]";
/** They contain copies of the spec. */
const REMOVED_ANNOTATIONS: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  annotations.appliedTemplate,
]);
/** Lists of names and values. A header of the preStop hook is a token. */
const NAMED_VALUES: ReadonlySet<string> = new Set(["env", "httpHeaders"]);
/** Maps whose values a driver or a client may use for anything. */
const OPAQUE: ReadonlySet<string> = new Set(["data", "binaryData", "stringData", "volumeAttributes"]);
/** An option or a variable with a secret in a command line or a log. */
const ASSIGNED = /((?:secret|token|passw(?:or)?d|api-?_?key|credential)[\w-]*["']?\s*[:=]\s*["']?)([^\s"',}\]]+)/gi;

/** A list of objects as YAML, without secrets. */
export function redactedYaml(objects: readonly unknown[], secrets: readonly string[]): string {
  return redactedText(stringify(objects.map(redactedObject), { lineWidth: 0, aliasDuplicateObjects: false }), secrets);
}

/** A log or another text, without secrets. */
export function redactedText(text: string, secrets: readonly string[]): string {
  return hideSecrets(text, secrets).replace(ASSIGNED, `$1${REDACTED}`);
}

/** The object without values of variables, headers and opaque maps, and without copies of its spec. */
export function redactedObject(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactedObject);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]): readonly (readonly [string, unknown])[] => {
      if (key === "managedFields") return [];
      if (key === "annotations") return [[key, withoutCopies(item)]];
      if (NAMED_VALUES.has(key) && Array.isArray(item)) return [[key, item.map(withoutValue)]];
      if (OPAQUE.has(key)) return [[key, withoutValues(item)]];
      return [[key, redactedObject(item)]];
    }),
  );
}

function withoutCopies(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => !REMOVED_ANNOTATIONS.has(name)));
}

function withoutValue(item: unknown): unknown {
  return typeof item === "object" && item !== null && "value" in item ? { ...item, value: REDACTED } : item;
}

function withoutValues(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item;
  return Object.fromEntries(Object.keys(item).map((key) => [key, REDACTED]));
}

/** Values of variables in the objects: a log may contain them too. */
export function valuesIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(valuesIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    NAMED_VALUES.has(key) && Array.isArray(item) ? item.flatMap(secretValue) : valuesIn(item),
  );
}

/** A value whose name does not promise a secret would hide ordinary words. */
const SECRET_NAME = /secret|token|passw|key|credential|auth/i;

function secretValue(item: unknown): readonly string[] {
  const { name, value } = (item ?? {}) as { readonly name?: unknown; readonly value?: unknown };
  return typeof name === "string" && typeof value === "string" && SECRET_NAME.test(name) ? [value] : [];
}
