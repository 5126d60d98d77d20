/**
 * Launches that met short capacity raise the target by what was short, at once. How many will come again nobody knows, so
 * what they raise halves every minute rather than stay and vanish at once.
 */

const HALF_LIFE_MS = 60_000;
/** Guards against the last bit of a logarithm. */
const ROUNDING = 1e-9;

export interface Pressure {
  /** Launches at `atMs`, those of before in the measure in which they still count. */
  readonly value: number;
  readonly atMs: number;
}

export const noPressure: Pressure = { value: 0, atMs: 0 };

export function addPressure(before: Pressure, launches: number, nowMs: number): Pressure {
  return { value: valueAt(before, nowMs) + launches, atMs: nowMs };
}

/** Slots by which the target is raised: the whole number nearest to what is left. */
export function pressureAt(pressure: Pressure, nowMs: number): number {
  return Math.max(0, Math.ceil(valueAt(pressure, nowMs) - 0.5 - ROUNDING));
}

/** When it falls by the next slot; undefined when nothing is left. */
export function pressureFalls(pressure: Pressure, nowMs: number): number | undefined {
  const slots = pressureAt(pressure, nowMs);
  return slots === 0 ? undefined : Math.ceil(pressure.atMs + HALF_LIFE_MS * Math.log2(pressure.value / (slots - 0.5)) - ROUNDING);
}

function valueAt({ value, atMs }: Pressure, nowMs: number): number {
  return value * 2 ** (-Math.max(0, nowMs - atMs) / HALF_LIFE_MS);
}
