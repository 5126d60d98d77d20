/** From now until a time, at least 1 ms: what is due is looked at in a turn of its own. */
export function remaining(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs === undefined ? undefined : Math.max(1, atMs - nowMs);
}

/** The shortest of the delays that are known. */
export function earliest(...delaysMs: readonly (number | undefined | readonly (number | undefined)[])[]): number | undefined {
  const known = delaysMs.flat().filter((delay): delay is number => typeof delay === "number");
  return known.length === 0 ? undefined : Math.max(1, Math.min(...known));
}
