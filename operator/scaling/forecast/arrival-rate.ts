/** The arrival rate of launches: over the last minutes, over the last hour, over days, and at this time of day. */

const DAY_S = 86_400;
export const TIMES_OF_DAY = 96;
const TIME_OF_DAY_S = DAY_S / TIMES_OF_DAY;
const LONG_S = 3_600;
/** Time constant of the overall mean: short enough to follow a growing pool. */
const MEAN_S = 3 * DAY_S;
/** Days of memory for each time of day. */
const PROFILE_DAYS = 10;
/** Times of day up to an hour away contribute a share of their launches. */
const NEIGHBOURS = TIMES_OF_DAY / 24;
/** Weight of the overall mean at any time of day, as observation time. On the first day nothing else is known. */
const PRIOR_S = 3_600;
/** Weight of the time of day against the last minutes and the last hour, as a number of launches. */
const PRIOR_LAUNCHES = 4;

/** Prior of a pool without launches: it expects few of them, so the forecast keeps one worker, not two. */
const UNSEEN_LAUNCHES = 0.03;
const UNSEEN_S = 600;

/** The state that survives a restart. Times of day are quarters of an hour, UTC. */
export interface SavedArrivals {
  readonly mean: readonly [launches: number, seconds: number];
  readonly launches: readonly number[];
  readonly seconds: readonly number[];
}

export class ArrivalRate {
  #short = 0;
  #long = 0;
  #atS: number | undefined;
  /** Observation time of the windows. */
  #seenS = 0;
  #meanLaunches = 0;
  #meanSeconds = 0;
  readonly #launches = new Float64Array(TIMES_OF_DAY);
  readonly #seconds = new Float64Array(TIMES_OF_DAY);

  constructor(saved?: SavedArrivals) {
    if (saved === undefined) return;
    [this.#meanLaunches, this.#meanSeconds] = saved.mean;
    this.#launches.set(saved.launches.slice(0, TIMES_OF_DAY));
    this.#seconds.set(saved.seconds.slice(0, TIMES_OF_DAY));
  }

  /** @param shortS length of the short window. */
  add(arrivals: number, nowS: number, shortS: number): void {
    const passedS = Math.max(0, nowS - (this.#atS ?? nowS));
    this.#atS = nowS;
    this.#seenS += passedS;
    this.#short = this.#short * Math.exp(-passedS / shortS) + arrivals;
    this.#long = this.#long * Math.exp(-passedS / LONG_S) + arrivals;
    const kept = Math.exp(-passedS / MEAN_S);
    this.#meanLaunches = this.#meanLaunches * kept + arrivals;
    this.#meanSeconds = this.#meanSeconds * kept + passedS;
    const at = timeOfDay(nowS);
    const seconds = valueAt(this.#seconds, at) + passedS;
    const keptShare = Math.min(1, (PROFILE_DAYS * TIME_OF_DAY_S) / Math.max(seconds, 1));
    this.#seconds[at] = seconds * keptShare;
    this.#launches[at] = (valueAt(this.#launches, at) + arrivals) * keptShare;
  }

  /** Launches per second over the last days. Never zero, because a pool may be new. */
  get meanPerS(): number {
    return (this.#meanLaunches + UNSEEN_LAUNCHES) / (this.#meanSeconds + UNSEEN_S);
  }

  /**
   * Launches per second now: the larger rate of the short and the long window, each weighted against the usual rate of this
   * time of day. The weighted rate is the posterior mean of a Poisson rate with a Gamma prior (Gelman et al., Bayesian Data
   * Analysis, 2.6): (prior launches + observed) / (prior launches / usual rate + seconds). If launches arrive in clumps, each
   * has less weight.
   *
   * @param dispersion variance of counts over their mean; 1 for a Poisson process.
   */
  perS(nowS: number, shortS: number, dispersion: number): number {
    const usual = this.#usualPerS(nowS);
    const prior = PRIOR_LAUNCHES * dispersion;
    const weighed = (launches: number, windowS: number): number =>
      (usual * (prior + launches)) / (prior + usual * windowS * (1 - Math.exp(-this.#seenS / windowS)));
    return Math.max(weighed(this.#short, shortS), weighed(this.#long, LONG_S));
  }

  save(): SavedArrivals {
    return {
      mean: [round(this.#meanLaunches), round(this.#meanSeconds)],
      launches: Array.from(this.#launches, round),
      seconds: Array.from(this.#seconds, round),
    };
  }

  /** Launches per second at this time of day over the last days, drawn towards the overall mean if data is scarce. */
  #usualPerS(nowS: number): number {
    const middle = timeOfDay(nowS);
    let launches = this.meanPerS * PRIOR_S;
    let seconds = PRIOR_S;
    for (let away = -NEIGHBOURS; away <= NEIGHBOURS; away++) {
      const share = 1 - Math.abs(away) / (NEIGHBOURS + 1);
      const at = (middle + away + TIMES_OF_DAY) % TIMES_OF_DAY;
      launches += share * valueAt(this.#launches, at);
      seconds += share * valueAt(this.#seconds, at);
    }
    return launches / seconds;
  }
}

function timeOfDay(nowS: number): number {
  return Math.floor((nowS % DAY_S) / TIME_OF_DAY_S);
}

function valueAt(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
