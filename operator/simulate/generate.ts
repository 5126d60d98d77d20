import type { Random } from "../runtime/clock.ts";
import { seededRandom } from "../runtime/random.ts";
import { callLengthS, exponential } from "./draws.ts";
import type { Trace } from "./trace.ts";

export const generatorNames = ["call-centre", "burst", "batch", "sparse"] as const;
export type GeneratorName = (typeof generatorNames)[number];

export interface GenerateOptions {
  readonly hours: number;
  /** Launches per minute, on average over the whole time. */
  readonly ratePerMinute: number;
  readonly seed: number;
  /** Longest call: longer ones are cut. */
  readonly capS: number;
}

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;

/** An arrival process. Its rate is relative to the mean and averages 1 over a day (or a burst cycle). */
interface Arrivals {
  readonly rateAt: (atS: number) => number;
  readonly highestRate: number;
  /** Number of launches that arrive together. */
  readonly batch: (random: Random) => number;
  readonly meanBatch: number;
}

const one = { batch: () => 1, meanBatch: 1 };

/**
 * Relative number of calls per hour of a working day, with the late-morning peak, the dip at noon and the afternoon peak of call
 * centres (the shape of Brown et al., 2005, figure 2).
 */
const CALLS_BY_HOUR = [1, 1, 1, 1, 1, 2, 5, 14, 34, 56, 66, 66, 58, 56, 62, 60, 52, 42, 34, 28, 22, 14, 7, 3];
const meanCalls = CALLS_BY_HOUR.reduce((sum, calls) => sum + calls, 0) / CALLS_BY_HOUR.length;

/** Six times the rate for five minutes of each hour, as after a broadcast. */
const BURST_S = 300;
const BURST_FACTOR = 6;
const QUIET_RATE = HOUR_S / (HOUR_S + (BURST_FACTOR - 1) * BURST_S);

const SPARSE = { fromS: 8 * HOUR_S, toS: 20 * HOUR_S };
const SPARSE_RATE = DAY_S / (SPARSE.toS - SPARSE.fromS);

const arrivals: Readonly<Record<GeneratorName, Arrivals>> = {
  "call-centre": {
    ...one,
    rateAt: (atS) => between(CALLS_BY_HOUR, (atS % DAY_S) / HOUR_S) / meanCalls,
    highestRate: Math.max(...CALLS_BY_HOUR) / meanCalls,
  },
  burst: {
    ...one,
    rateAt: (atS) => QUIET_RATE * (atS % HOUR_S >= HOUR_S / 2 && atS % HOUR_S < HOUR_S / 2 + BURST_S ? BURST_FACTOR : 1),
    highestRate: QUIET_RATE * BURST_FACTOR,
  },
  // Sizes are geometric: most batches are small, a few are several times the mean.
  batch: {
    rateAt: () => 1,
    highestRate: 1,
    batch: (random) => 1 + Math.floor(Math.log(1 - random()) / Math.log(1 - 1 / 8)),
    meanBatch: 8,
  },
  sparse: {
    ...one,
    rateAt: (atS) => (atS % DAY_S >= SPARSE.fromS && atS % DAY_S < SPARSE.toS ? SPARSE_RATE : 0),
    highestRate: SPARSE_RATE,
  },
};

/**
 * Generates a trace. Arrivals are a Poisson process whose rate changes with time, thinned from its highest rate (Lewis and
 * Shedler, 1979); durations are lengths of calls. The same options give the same trace.
 */
export function generate(name: GeneratorName, { hours, ratePerMinute, seed, capS }: GenerateOptions): Trace {
  const random = seededRandom(seed, name);
  const { rateAt, highestRate, batch, meanBatch } = arrivals[name];
  const gapS = (60 * meanBatch) / (ratePerMinute * highestRate);
  const arrivalS: number[] = [];
  for (let atS = exponential(random, gapS); atS < hours * HOUR_S; atS += exponential(random, gapS)) {
    if (random() * highestRate >= rateAt(atS)) continue;
    for (let launches = batch(random); launches > 0; launches--) arrivalS.push(atS);
  }
  const durationS = Float64Array.from(arrivalS, () => Math.min(capS, callLengthS(random)));
  return { name, arrivalS: Float64Array.from(arrivalS), durationS };
}

/** Interpolates linearly between the values at whole hours. The last value is followed by the first. */
function between(values: readonly number[], hour: number): number {
  const before = Math.floor(hour);
  const from = values[before] ?? 0;
  const to = values[(before + 1) % values.length] ?? 0;
  return from + (to - from) * (hour - before);
}
