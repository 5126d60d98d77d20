import { isDeepStrictEqual } from "node:util";

/** The former object if the new one equals it: the receiver compares identities. */
export function kept<T>(before: T | undefined, after: T): T {
  return before !== undefined && isDeepStrictEqual(before, after) ? before : after;
}

/** A map with the former objects wherever the new ones equal them, and the former map if nothing changed. */
export function keptMap<T>(before: ReadonlyMap<string, T> | undefined, after: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  if (before === undefined) return after;
  const merged = new Map([...after].map(([key, value]) => [key, kept(before.get(key), value)]));
  const same = merged.size === before.size && [...merged].every(([key, value]) => before.get(key) === value);
  return same ? before : merged;
}
