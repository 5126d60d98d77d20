import { upperGamma } from "./gamma.ts";

/** Above these numbers an approximation replaces the exact sum. */
const EXACT_ARRIVALS = 60;
const EXACT_SESSIONS = 150;
const NEGLIGIBLE = 1e-9;
const MAX_TERMS = 600;

export interface Outlook {
  /** Sessions and waiting launches now. */
  readonly sessions: number;
  /** Expected launches within the period. */
  readonly arrivals: number;
  /** Variance of their number divided by its mean, at least 1. */
  readonly dispersion: number;
  /** Probability that a session ends within the period. */
  readonly ends: number;
}

/**
 * The number of taken slots after one time-to-warm: sessions + arrivals - departures. Arrivals are negative binomial with the
 * given mean and dispersion (Poisson at dispersion 1). Departures are binomial and independent of the arrivals.
 *
 * For large numbers, a Gamma distribution of the same mean and variance replaces the arrivals, shifted by the expected
 * departures. It keeps the long tail of bursts, which a normal distribution would lose.
 *
 * @returns the probability that at least `slots` will be taken.
 */
export function concurrencyAhead(outlook: Outlook): (slots: number) => number {
  const { sessions, arrivals } = outlook;
  return arrivals > EXACT_ARRIVALS || sessions > EXACT_SESSIONS ? approximate(outlook) : exact(outlook);
}

function approximate({ sessions, dispersion, ends, ...outlook }: Outlook): (slots: number) => number {
  const arrivals = Math.max(outlook.arrivals, NEGLIGIBLE);
  const variance = dispersion * arrivals + sessions * ends * (1 - ends);
  const shape = (arrivals * arrivals) / variance;
  const scale = variance / arrivals;
  const staying = sessions * (1 - ends);
  return (slots) => (slots <= 0 || slots - 0.5 <= staying ? 1 : upperGamma(shape, (slots - 0.5 - staying) / scale));
}

function exact({ sessions, arrivals, dispersion, ends }: Outlook): (slots: number) => number {
  const arriving = countProbabilities(arrivals, dispersion);
  const ending = endProbabilities(sessions, ends);
  // Index 0 means no arrival and the largest number of departures.
  const lowest = sessions - (ending.length - 1);
  const atLeast = new Float64Array(arriving.length + ending.length);
  for (let came = 0; came < arriving.length; came++) {
    const arrives = arriving[came] ?? 0;
    for (let left = 0, index = came + ending.length - 1; left < ending.length; left++, index--)
      atLeast[index] = (atLeast[index] ?? 0) + arrives * (ending[left] ?? 0);
  }
  for (let index = atLeast.length - 2; index >= 0; index--) atLeast[index] = (atLeast[index] ?? 0) + (atLeast[index + 1] ?? 0);
  return (slots) => (slots <= lowest ? 1 : (atLeast[slots - lowest] ?? 0));
}

/** Probabilities of 0, 1, 2, … launches: negative binomial, or Poisson if the dispersion is 1. */
function countProbabilities(mean: number, dispersion: number): readonly number[] {
  if (mean <= 0) return [1];
  const poisson = dispersion <= 1.001;
  const size = poisson ? 0 : mean / (dispersion - 1);
  const next = (count: number) => (poisson ? mean / (count + 1) : ((count + size) / (count + 1)) * (1 - 1 / dispersion));
  return upToNegligible(poisson ? Math.exp(-mean) : dispersion ** -size, next);
}

/** Probabilities that 0, 1, 2, … of the sessions end. */
function endProbabilities(sessions: number, ends: number): readonly number[] {
  // Start from the likelier side: on the other one the first term may underflow.
  if (ends <= 0.5) return binomial(sessions, ends);
  const stay = binomial(sessions, 1 - ends);
  return [...Array.from({ length: sessions + 1 - stay.length }, () => 0), ...stay.toReversed()];
}

/** Probabilities of 0, 1, 2, … successes. @param chance of each success, at most 0.5. */
function binomial(trials: number, chance: number): readonly number[] {
  if (chance <= 0) return [1];
  const odds = chance / (1 - chance);
  return upToNegligible((1 - chance) ** trials, (count) => ((trials - count) / (count + 1)) * odds, trials + 1);
}

function upToNegligible(first: number, factor: (count: number) => number, terms = MAX_TERMS): readonly number[] {
  const probabilities: number[] = [];
  let probability = first;
  let sum = 0;
  for (let count = 0; count < terms && sum < 1 - NEGLIGIBLE; count++) {
    probabilities.push(probability);
    sum += probability;
    probability *= factor(count);
  }
  return probabilities;
}
