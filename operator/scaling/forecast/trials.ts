import type { Worth } from "./price.ts";

/**
 * Which price keeps the objective. The pool's own demand is tried on a ladder of prices at the same time: for each it is
 * counted how many launches would have found no warm slot, had workers been kept at that price. So the right price is known from
 * every launch, not only from those that went wrong, which at 99.9 % would take months.
 *
 * What no trial sees is a cluster that falls short of the plan: workers that fail, come late, or may not be started. Misses
 * that the trial at the same price did not have raise the price on top, and every launch takes a little back, in the ratio that the
 * objective allows (adaptive conformal inference: Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift", 2021).
 */

const PRICES: readonly number[] = Array.from({ length: 18 }, (_, step) => 0.01 * 2.5 ** step);
/** A worker is given up when it is worth so many times less than starting one. Keeps sizes from swinging. */
const KEEP_FACTOR = 8;
/** So many launches count as seen, with the share of misses that the price suggests or that the forecast expects at it. */
const PRIOR_LAUNCHES = 300;
/** What the forecast expects is the mean of so long: it changes with the hour. */
const EXPECTED_MEMORY_S = 3_600;
/** Of the misses that the objective allows, so many are aimed for: they come in bursts, and a share that is just kept is missed as often. */
const MARGIN = 0.5;
/**
 * The latest launches count, as many as have so many misses at the objective. Far more than an estimate of the share needs:
 * misses come in clumps, and with a short memory one large burst would buy workers for a day that no other burst needs.
 */
const MEMORY_MISSES = 300;
/** How fast misses that no trial had raise the price, and how far (natural logarithm). */
const STEP = 0.25;
const MAX_CORRECTION = 1;
/** More launches than this within one time-to-warm meet the same capacity: they say no more than this many would. */
const INDEPENDENT_LAUNCHES = 4;
/** Most workers that a trial starts at once. */
const MAX_STARTING = 1_000;

export interface SavedTrials {
  readonly launches: number;
  readonly missed: readonly number[];
  readonly correction: number;
}

interface Trial {
  readonly price: number;
  /** Workers kept, starting ones among them. */
  workers: number;
  warm: number;
  /** When those that start will be warm, ascending. */
  readonly starting: number[];
  missed: number;
  /** Share of launches that the forecast itself expects to miss with its workers; the price suggests one in so many. */
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

  /** @param objective share of launches that is to find a warm slot, such as 0.99. */
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
   * What launches really met.
   * @param taken slots taken before the first of them, launches that wait among them.
   */
  met(arrivals: number, missed: number, taken: number, slotsPerWorker: number, weight: number): void {
    const unforeseen = Math.max(0, missed - missesOf(this.#nextBelow(this.price), arrivals, taken, slotsPerWorker));
    const moved = this.#correction + weight * STEP * (unforeseen - arrivals * this.#allowed * MARGIN);
    this.#correction = Math.max(0, Math.min(MAX_CORRECTION, moved));
  }

  /**
   * What these launches would have met at each price.
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

  /** Resizes what is kept at each price. */
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

  /** Workers that were starting are warm from their time on. */
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

  /** The price at which a worker that is there is kept. */
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

  /** The trial at this price, or at the next lower one. */
  #nextBelow(price: number): Trial | undefined {
    return this.#trials.findLast((trial) => trial.price <= price);
  }

  /**
   * The lowest price with few enough misses, between two rungs of the ladder where its neighbour has too many. Where even the
   * highest has too many, such as after the first burst ever, those that it had count for none: no price would have avoided them.
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

/** A worker is worth its keep to the last when one launch in so many needs it. */
function suggestedShare(price: number): number {
  return Math.min(1, 1 / price);
}

/** How many of these launches would find no free slot. */
function missesOf(trial: Trial | undefined, arrivals: number, taken: number, slotsPerWorker: number): number {
  const free = Math.max(0, (trial?.warm ?? 0) * slotsPerWorker - taken);
  return Math.max(0, arrivals - free);
}

/** Those that start go first. */
function remove(trial: Trial, count: number): void {
  const starting = Math.min(count, trial.starting.length);
  trial.starting.splice(trial.starting.length - starting, starting);
  trial.warm -= count - starting;
  trial.workers -= count;
}

/** How much each launch says, where so many arrive within one time-to-warm. */
export function weightOf(launchesPerWarmUp: number): number {
  return 1 / Math.max(1, launchesPerWarmUp / INDEPENDENT_LAUNCHES);
}
