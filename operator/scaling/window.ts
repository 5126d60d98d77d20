/** What is remembered of the last minutes. Immutable values: adding returns a new one, old entries fall out. */

interface Entry {
  readonly atMs: number;
  readonly value: number;
}

export type Window = readonly Entry[];

export const emptyWindow: Window = [];

/**
 * Adds a value to a window that is asked for its maximum only. The value before held until now, so it counts from now.
 * Entries that can no longer be the maximum are dropped: the window stays short however often it is added to.
 */
export function addForMaximum(window: Window, atMs: number, value: number, spanMs: number): Window {
  const held = window.map((entry, index) => (index === window.length - 1 ? { atMs, value: entry.value } : entry));
  return [...held.filter((entry) => entry.atMs > atMs - spanMs && entry.value > value), { atMs, value }];
}

/** The largest value of the last `spanMs`, or undefined when there is none. */
export function maximum(window: Window, nowMs: number, spanMs: number): number | undefined {
  return topOf(window, nowMs, spanMs)?.value;
}

/** When the present maximum will fall out of the window, so that the next one shows. */
export function maximumEndsAtMs(window: Window, nowMs: number, spanMs: number): number | undefined {
  const top = topOf(window, nowMs, spanMs);
  return top === undefined || top === window.at(-1) ? undefined : top.atMs + spanMs;
}

/** Values fall with time. The newest holds until another comes, however long ago it came. */
function topOf(window: Window, nowMs: number, spanMs: number): Entry | undefined {
  return window.find((entry) => entry.atMs > nowMs - spanMs) ?? window.at(-1);
}

/** Adds a count to a window that is asked for its sum. Counts of the same second share an entry. */
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
