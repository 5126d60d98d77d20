const USUAL = 64;
const MOST = 256;

/**
 * Splits a list into chunks of about 64 whose ends depend on the items' keys. A new or removed item thus changes its own chunk and
 * at most the next one, and every other chunk has the same items as before.
 */
export function chunksOf<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  let last: T[] | undefined;
  for (const item of items) {
    if (last === undefined) {
      last = [];
      chunks.push(last);
    }
    last.push(item);
    if (last.length >= MOST || hash(keyOf(item)) % USUAL === 0) last = undefined;
  }
  return chunks;
}

/** FNV-1a. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  return (state ^ (state >>> 15)) >>> 0;
}

export function sameItems<T>(one: readonly T[], other: readonly T[]): boolean {
  return one === other || (one.length === other.length && one.every((item, at) => item === other[at]));
}
