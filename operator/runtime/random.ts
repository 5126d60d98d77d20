import type { Random } from "./clock.ts";

/** A random stream that depends only on the seed and the name (FNV-1a, then mulberry32). */
export function seededRandom(seed: number, name: string): Random {
  let state = (0x811c9dc5 ^ seed) >>> 0;
  for (const char of name) state = Math.imul(state ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
