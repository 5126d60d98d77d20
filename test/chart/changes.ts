import { isDeepStrictEqual } from "node:util";

/** What one rendering of the chart changes against another, for golden files. */
export interface Changes {
  /** Objects that only the new rendering has. */
  readonly added?: readonly Rendered[];
  /** Names of the objects that only the old rendering has. */
  readonly removed?: readonly string[];
  /** Per object: the fields with another value. Null: the field is gone. */
  readonly changed?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** @param names what the new rendering's own names are instead of: they are replaced when objects are matched. */
export function changesOf(old: readonly Rendered[], now: readonly Rendered[], names: ReadonlyMap<string, string>): Changes {
  const [before, after] = [byKey(old, new Map()), byKey(now, names)];
  const added = [...after].filter(([key]) => !before.has(key)).map(([, object]) => object);
  const removed = [...before.keys()].filter((key) => !after.has(key));
  const changed = [...after].flatMap(([key, object]) => {
    const former = before.get(key);
    const fields = former === undefined ? {} : fieldChanges(former, object, "");
    return Object.keys(fields).length === 0 ? [] : [[key, fields] as const];
  });
  return {
    ...(added.length > 0 && { added }),
    ...(removed.length > 0 && { removed }),
    ...(changed.length > 0 && { changed: Object.fromEntries(changed) }),
  };
}

function byKey(objects: readonly Rendered[], names: ReadonlyMap<string, string>): ReadonlyMap<string, Rendered> {
  return new Map(
    objects.map((object) => {
      const key = [object.metadata.namespace ?? [], object.metadata.name].flat().join("/");
      const renamed = [...names].reduce((text, [own, usual]) => text.replaceAll(own, usual), key);
      return [`${object.kind} ${renamed}`, object];
    }),
  );
}

/** Changed fields by path. Items of a list are matched by their `name`. Other lists and scalars change as a whole. */
function fieldChanges(old: unknown, now: unknown, at: string): Readonly<Record<string, unknown>> {
  if (isDeepStrictEqual(old, now)) return {};
  const [before, after] = [entriesOf(old), entriesOf(now)];
  if (before === undefined || after === undefined) return { [at]: now ?? null };
  return Object.assign(
    {},
    ...[...new Set([...before.keys(), ...after.keys()])].map((key) => {
      return fieldChanges(before.get(key), after.get(key), `${at}${key}`.replace(/^\./, ""));
    }),
  );
}

function entriesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!Array.isArray(value)) return new Map(Object.entries(value).map(([key, item]) => [`.${key}`, item]));
  const isNamed = value.length > 0 && value.every((item) => typeof item?.name === "string");
  return isNamed ? new Map(value.map((item) => [`[${item.name}]`, item])) : undefined;
}
