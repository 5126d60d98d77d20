/**
 * The slot deficit: slots that recent launches lacked. Each such launch raises the target by one slot at once. The number of
 * retries is unknown, so the deficit halves every minute instead of ending all at once.
 */

const HALF_LIFE_MS = 60_000;
/** Guards against the last bit of a logarithm. */
const ROUNDING = 1e-9;

export interface Deficit {
  /** Slots at `atMs`, with the decayed rest of earlier ones. */
  readonly value: number;
  readonly atMs: number;
}

export const noDeficit: Deficit = { value: 0, atMs: 0 };

export function addDeficit(before: Deficit, launches: number, nowMs: number): Deficit {
  return { value: valueAt(before, nowMs) + launches, atMs: nowMs };
}

/** Slots by which the target is raised: the remaining deficit, rounded. */
export function deficitAt(deficit: Deficit, nowMs: number): number {
  return Math.max(0, Math.ceil(valueAt(deficit, nowMs) - 0.5 - ROUNDING));
}

/** When the deficit falls by its next slot; undefined if nothing is left. */
export function deficitFallsAtMs(deficit: Deficit, nowMs: number): number | undefined {
  const slots = deficitAt(deficit, nowMs);
  return slots === 0 ? undefined : Math.ceil(deficit.atMs + HALF_LIFE_MS * Math.log2(deficit.value / (slots - 0.5)) - ROUNDING);
}

function valueAt({ value, atMs }: Deficit, nowMs: number): number {
  return value * 2 ** (-Math.max(0, nowMs - atMs) / HALF_LIFE_MS);
}
