/** After this time our own write has surely come back through the watch. */
export const WATCH_LAG_MS = 5_000;
/** A foreign object that has the name of one of ours may have been deleted: check again after this time. */
export const FOREIGN_RECHECK_MS = 30_000;

/** From now until a time, at least 1 ms: what is due is handled in a reconcile of its own. */
export function remaining(atMs: number | undefined, nowMs: number): number | undefined {
  return atMs === undefined ? undefined : Math.max(1, atMs - nowMs);
}

/** The shortest of the delays that are known. */
export function earliest(...delaysMs: readonly (number | undefined | readonly (number | undefined)[])[]): number | undefined {
  const known = delaysMs.flat().filter((delay): delay is number => typeof delay === "number");
  return known.length === 0 ? undefined : Math.max(1, Math.min(...known));
}
