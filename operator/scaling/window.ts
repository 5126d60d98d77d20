/** A sliding window over the last minutes. Windows are immutable: adding a value returns a new one without expired entries. */

interface WindowSample {
  readonly atMs: number;
  readonly value: number;
}

export type Window = readonly WindowSample[];

export const emptyWindow: Window = [];

/**
 * Adds a value to a window that is only used for its maximum. The previous value was valid until now, so it expires from now on.
 * Entries that can no longer be the maximum are dropped, which keeps the window short.
 */
export function addForMaximum(window: Window, atMs: number, value: number, spanMs: number): Window {
  const held = window.map((entry, index) => (index === window.length - 1 ? { atMs, value: entry.value } : entry));
  return [...held.filter((entry) => entry.atMs > atMs - spanMs && entry.value > value), { atMs, value }];
}

/** The largest value of the last `spanMs`; undefined if there is none. */
export function maximum(window: Window, nowMs: number, spanMs: number): number | undefined {
  return topOf(window, nowMs, spanMs)?.value;
}

/** When the present maximum expires. Undefined if it is the newest value. */
export function maximumEndsAtMs(window: Window, nowMs: number, spanMs: number): number | undefined {
  const top = topOf(window, nowMs, spanMs);
  return top === undefined || top === window.at(-1) ? undefined : top.atMs + spanMs;
}

/** Values are in descending order. The newest one is valid until the next one, whatever its age. */
function topOf(window: Window, nowMs: number, spanMs: number): WindowSample | undefined {
  return window.find((entry) => entry.atMs > nowMs - spanMs) ?? window.at(-1);
}

/** Adds a count to a window that is only used for its sum. Counts of the same second share an entry. */
export function addForSum(window: Window, atMs: number, value: number, spanMs: number): Window {
  const kept = window.filter((entry) => entry.atMs > atMs - spanMs);
  if (value === 0) return kept;
  const last = kept.at(-1);
  if (last !== undefined && Math.floor(last.atMs / 1_000) === Math.floor(atMs / 1_000))
    return [...kept.slice(0, -1), { atMs: last.atMs, value: last.value + value }];
  return [...kept, { atMs, value }];
}

export function sum(window: Window, nowMs: number, spanMs: number): number {
  return window.reduce((total, entry) => total + (entry.atMs > nowMs - spanMs ? entry.value : 0), 0);
}
