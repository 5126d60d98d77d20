import type { Random } from "../../../operator/runtime/clock.ts";
import { normal } from "../../../operator/simulate/draws.ts";

/** Rate and variation of arrivals in a time window. */
export interface RateWindow {
  readonly lengthS: number;
  /** Relative to the mean of all windows. */
  readonly rate: number;
  /** Coefficient of variation of the gaps: 1 is a Poisson process. */
  readonly variation: number;
}

const WINDOW_S = 600;
/** Upper limit of the variation: a few windows next to missing data have a variation of several hundred. */
const MOST_VARIATION = 10;
/** A window with a rate below this share of the mean has missing data. */
const NO_DATA = 0.01;

/** The windows of one workload of a table `workload,t_s,rate_per_s,rate_weighted_cv,active_clients`. */
export function parseRates(text: string, workload: string): readonly RateWindow[] {
  const rows = text
    .split("\n")
    .map((line) => line.split(","))
    .filter(([name]) => name === workload)
    .map(([, , rate, variation]) => ({ rate: Number(rate), variation: Math.min(MOST_VARIATION, Number(variation)) }));
  const mean = rows.reduce((sum, { rate }) => sum + rate, 0) / rows.length;
  const windows: RateWindow[] = [];
  for (const { rate, variation } of rows) {
    const before = windows.at(-1);
    const isData = rate >= NO_DATA * mean || before === undefined;
    windows.push(isData ? { lengthS: WINDOW_S, rate: rate / mean, variation } : before);
  }
  return windows;
}

/** Arrivals of a Gamma renewal process whose rate and variation change from window to window. */
export function* arrivalsOfRates(windows: readonly RateWindow[], meanPerS: number, random: Random): Generator<number> {
  let startS = 0;
  // The rest of the gap to the next arrival, in units of the mean gap.
  let gap = random();
  for (const { lengthS, rate, variation } of windows) {
    const perS = rate * meanPerS;
    const shape = 1 / variation ** 2;
    let atS = 0;
    while (atS + gap / perS <= lengthS) {
      atS += gap / perS;
      yield startS + atS;
      gap = gamma(random, shape, 1 / shape);
    }
    gap -= (lengthS - atS) * perS;
    startS += lengthS;
  }
}

/**
 * Gamma with the given shape and scale (mean: shape times scale), by Marsaglia and Tsang, "A simple method for generating
 * gamma variables" (2000). Shapes below 1 use their boost.
 */
function gamma(random: Random, shape: number, scale: number): number {
  if (shape < 1) return gamma(random, shape + 1, scale) * (1 - random()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v * scale;
  }
}
