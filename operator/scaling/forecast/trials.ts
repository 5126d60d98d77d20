import type { Worth } from "./price.ts";

/**
 * Finds the price that keeps the objective. Trials run the pool's own demand against a ladder of prices at the same time: each
 * counts the launches that would have missed a warm slot with the workers kept at its price. So every launch gives evidence, not
 * only the misses, which at 99.9 % would take months.
 *
 * A trial does not see that a cluster provides less than planned, with workers that fail, start late, or may not start. Misses
 * that the trial at the same price did not have raise the price in addition. Every launch lowers it a little, in the ratio that
 * the objective allows (adaptive conformal inference: Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift",
 * 2021).
 */

const PRICES: readonly number[] = Array.from({ length: 18 }, (_, step) => 0.01 * 2.5 ** step);
/** A worker is removed if its worth is this many times below that of a new one. Prevents oscillation. */
const KEEP_FACTOR = 8;
/** Weight of the prior share of misses, as a number of launches. */
const PRIOR_LAUNCHES = 300;
/** Time constant of the expected share of misses, which changes with the hour. */
const EXPECTED_MEMORY_S = 3_600;
/** Target share of the allowed misses. Misses occur in bursts, so a target at the limit would exceed it half of the time. */
const MARGIN = 0.5;
/**
 * Memory: the number of launches that have this many misses at the objective. Misses occur in clumps. With a shorter memory, one
 * large burst would keep workers for a day that no other burst needs.
 */
const MEMORY_MISSES = 300;
/** Step and limit of the correction by misses that no trial had, as natural logarithms of the price. */
const STEP = 0.25;
const MAX_CORRECTION = 1;
/** Launches within one time-to-warm meet the same capacity. Beyond this number they add no evidence. */
const INDEPENDENT_LAUNCHES = 4;
/** Maximum number of workers that a trial starts at once. */
const MAX_STARTING = 1_000;

export interface SavedTrials {
  readonly launches: number;
  readonly missed: readonly number[];
  readonly correction: number;
}

interface Trial {
  readonly price: number;
  workers: number;
  warm: number;
  /** When the starting workers become warm, ascending. */
  readonly starting: number[];
  missed: number;
  /** Share of launches that the forecast expects to miss with these workers. */
  expectedShare: number;
}

export class Trials {
  readonly #allowed: number;
  readonly #trials: readonly Trial[] = PRICES.map((price) => ({
    price,
    workers: 0,
    warm: 0,
    starting: [],
    missed: 0,
    expectedShare: suggestedShare(price),
  }));
  #resizedS: number | undefined;
  #launches = 0;
  #correction = 0;

  /** @param objective share of launches that must find a warm slot, such as 0.99. */
  constructor(objective: number, saved?: SavedTrials) {
    this.#allowed = 1 - objective;
    if (saved === undefined) return;
    this.#launches = saved.launches;
    this.#correction = saved.correction;
    this.#trials.forEach((trial, index) => {
      trial.missed = saved.missed[index] ?? 0;
    });
  }

  /**
   * Corrects the price by what launches met in the cluster.
   * @param taken slots taken before the first of these launches, including waiting launches.
   */
  met(arrivals: number, missed: number, taken: number, slotsPerWorker: number, weight: number): void {
    const unforeseen = Math.max(0, missed - missesOf(this.#nextBelow(this.price), arrivals, taken, slotsPerWorker));
    const moved = this.#correction + weight * STEP * (unforeseen - arrivals * this.#allowed * MARGIN);
    this.#correction = Math.max(0, Math.min(MAX_CORRECTION, moved));
  }

  /**
   * Counts what these launches would have met at each price.
   * @param taken as for {@link met}.
   */
  tried(arrivals: number, taken: number, slotsPerWorker: number, weight: number): void {
    if (arrivals === 0) return;
    for (const trial of this.#trials) trial.missed += weight * missesOf(trial, arrivals, taken, slotsPerWorker);
    this.#launches += weight * arrivals;
    const most = MEMORY_MISSES / this.#allowed;
    if (this.#launches <= most) return;
    const kept = most / this.#launches;
    this.#launches = most;
    for (const trial of this.#trials) trial.missed *= kept;
  }

  resize(worth: Worth, atLeast: number, nowS: number, timeToWarmS: number): void {
    const news = Math.min(1, Math.max(0, nowS - (this.#resizedS ?? nowS)) / EXPECTED_MEMORY_S);
    this.#resizedS = nowS;
    let wanted = atLeast;
    let kept = atLeast;
    for (const trial of this.#trials) {
      wanted = worth.workers(trial.price, wanted);
      kept = worth.workers(trial.price * KEEP_FACTOR, Math.max(kept, wanted));
      trial.expectedShare += news * (worth.missShare(Math.max(trial.workers, wanted)) - trial.expectedShare);
      if (wanted > trial.workers) {
        const start = Math.min(wanted - trial.workers, MAX_STARTING);
        for (let count = 0; count < start; count++) trial.starting.push(nowS + timeToWarmS);
        trial.workers += start;
      } else if (kept < trial.workers) remove(trial, trial.workers - kept);
    }
  }

  /** Marks the workers as warm that became warm until now. */
  warmUntil(nowS: number): void {
    for (const trial of this.#trials) {
      const warm = trial.starting.findIndex((atS) => atS > nowS);
      const count = warm < 0 ? trial.starting.length : warm;
      if (count === 0) continue;
      trial.starting.splice(0, count);
      trial.warm += count;
    }
  }

  /** The price that keeps the objective. */
  get price(): number {
    return this.#triedPrice() * Math.exp(this.#correction);
  }

  /** The price at which an existing worker is kept. */
  get keepPrice(): number {
    return this.price * KEEP_FACTOR;
  }

  save(): SavedTrials {
    const round = (value: number) => Math.round(value * 100) / 100;
    return {
      launches: round(this.#launches),
      missed: this.#trials.map(({ missed }) => round(missed)),
      correction: Math.round(this.#correction * 1_000) / 1_000,
    };
  }

  /** The trial at this price or at the next lower one. */
  #nextBelow(price: number): Trial | undefined {
    return this.#trials.findLast((trial) => trial.price <= price);
  }

  /**
   * The lowest price with few enough misses, interpolated between two rungs of the ladder. If even the highest price has too many,
   * for example after the first burst, its misses are ignored at every price: no price would have avoided them.
   */
  #triedPrice(): number {
    const allowed = this.#allowed * MARGIN;
    const shareOf = ({ price, missed, expectedShare }: Trial, unavoidable: number): number => {
      const prior = Math.max(expectedShare, suggestedShare(price));
      return (Math.max(0, missed - unavoidable) + PRIOR_LAUNCHES * prior) / (this.#launches + PRIOR_LAUNCHES);
    };
    const highest = this.#trials.at(-1);
    const unavoidable = highest !== undefined && shareOf(highest, 0) > allowed ? highest.missed : 0;
    let below: { readonly price: number; readonly share: number } | undefined;
    for (const trial of this.#trials) {
      const { price } = trial;
      const share = shareOf(trial, unavoidable);
      if (share <= allowed) {
        if (below === undefined) return price;
        const between = Math.log(below.share / allowed) / Math.log(below.share / share);
        return below.price * (price / below.price) ** between;
      }
      below = { price, share };
    }
    return below?.price ?? 1;
  }
}

/** At this price the last worker is worth its cost if one launch in `price` needs it. */
function suggestedShare(price: number): number {
  return Math.min(1, 1 / price);
}

/** Number of these launches that would not find a free slot. */
function missesOf(trial: Trial | undefined, arrivals: number, taken: number, slotsPerWorker: number): number {
  const free = Math.max(0, (trial?.warm ?? 0) * slotsPerWorker - taken);
  return Math.max(0, arrivals - free);
}

/** Removes starting workers first. */
function remove(trial: Trial, count: number): void {
  const starting = Math.min(count, trial.starting.length);
  trial.starting.splice(trial.starting.length - starting, starting);
  trial.warm -= count - starting;
  trial.workers -= count;
}

/** Weight of one launch as evidence. */
export function weightOf(launchesPerWarmUp: number): number {
  return 1 / Math.max(1, launchesPerWarmUp / INDEPENDENT_LAUNCHES);
}
