import { ArrivalRate, type SavedArrivals } from "./arrival-rate.ts";
import { type ForecastBasis, neededNow, workersWorth, worthAhead } from "./basis.ts";
import { Dispersion, type SavedDispersion } from "./dispersion.ts";
import { type SavedLength, SessionLength } from "./session-length.ts";
import { type SavedTrials, Trials, weightOf } from "./trials.ts";

/** The observed demand at one moment. Counters start at any fixed moment and may restart from zero. */
export interface DemandSample {
  readonly nowS: number;
  readonly arrived: number;
  /** Of those, launches that did not find a warm slot at once. */
  readonly missed: number;
  readonly started: number;
  /** Sessions that run now. */
  readonly sessions: number;
  /** Launches that wait now. */
  readonly queued: number;
  /** Existing workers, including starting ones. */
  readonly workers: number;
  readonly warmWorkers: number;
}

export interface WorkerShape {
  readonly slotsPerWorker: number;
  /** From a worker's creation until it is warm. */
  readonly timeToWarmS: number;
}

export interface Forecast {
  /** Required workers: the operator starts more if there are fewer. */
  readonly workers: number;
  /** Workers that are worth their cost: the operator may remove others. At least `workers`. */
  readonly keep: number;
  /** How long the others are kept: as long as it takes to start them again. */
  readonly holdS: number;
  readonly launchesPerS: number;
  readonly sessionLengthS: number;
  readonly basis: ForecastBasis;
}

/** The whole state of a forecaster: about 2 KB as JSON. */
export interface SavedForecaster {
  readonly arrivals: SavedArrivals;
  readonly sessions: SavedLength;
  readonly dispersion: SavedDispersion;
  readonly trials: SavedTrials;
}

/** Short window of the arrival rate, as a multiple of the time-to-warm. */
const SHORT_WINDOW = 4;
const SHORT_WINDOW_MIN_S = 60;

/**
 * Estimates the demand and the number of workers to keep for it. Inputs are the arrival rate (`arrival-rate.ts`), its dispersion
 * (`dispersion.ts`) and the session length (`session-length.ts`). They give the slots taken one time-to-warm ahead
 * (`concurrency.ts`), and these give the workers that are worth their cost (`price.ts`) at the price that keeps the objective
 * (`trials.ts`). docs/scaling.md derives the formulas.
 */
export class Forecaster {
  readonly #arrivals: ArrivalRate;
  readonly #lengths: SessionLength;
  readonly #dispersion: Dispersion;
  readonly #trials: Trials;
  #last: DemandSample | undefined;
  #arrived = 0;
  #wanted = 0;
  /** When the pool first had as many warm workers as required. Misses before that moment say nothing about the price. */
  #settledS: number | undefined;

  /** @param objective share of launches that must find a warm slot, such as 0.99. */
  constructor(objective: number, saved?: SavedForecaster) {
    this.#arrivals = new ArrivalRate(saved?.arrivals);
    this.#lengths = new SessionLength(saved?.sessions);
    this.#dispersion = new Dispersion(saved?.dispersion);
    this.#trials = new Trials(objective, saved?.trials);
  }

  /** Adds a sample and returns the forecast for its moment. Several samples may have the same time; time never goes back. */
  next(sample: DemandSample, shape: WorkerShape): Forecast {
    const { slotsPerWorker, timeToWarmS } = shape;
    const nowS = Math.max(sample.nowS, this.#last?.nowS ?? sample.nowS);
    const arrivals = since(sample.arrived, this.#last?.arrived);
    const missed = this.#settledS === undefined ? 0 : since(sample.missed, this.#last?.missed);
    const started = since(sample.started, this.#last?.started);
    this.#last = { ...sample, nowS };
    this.#arrived += arrivals;
    const settled = sample.queued === 0 && sample.warmWorkers > 0 && sample.warmWorkers >= this.#wanted;
    if (this.#settledS === undefined && settled) this.#settledS = nowS;

    const shortS = Math.max(SHORT_WINDOW_MIN_S, SHORT_WINDOW * timeToWarmS);
    this.#arrivals.add(arrivals, nowS, shortS);
    this.#lengths.add(started, sample.sessions, nowS);
    const launchesPerS = this.#arrivals.perS(nowS, shortS, this.#dispersion.value);
    const expected = launchesPerS * timeToWarmS;
    if (this.#settledS !== undefined) this.#dispersion.add(nowS, this.#arrived, expected, timeToWarmS);

    const taken = sample.sessions + sample.queued;
    const weight = weightOf(this.#arrivals.meanPerS * timeToWarmS);
    this.#trials.warmUntil(nowS);
    // Before that moment the trials have no warm workers either.
    if (this.#settledS !== undefined && nowS > this.#settledS + timeToWarmS) {
      const before = Math.max(0, taken - arrivals);
      // A clump of misses has one cause, so it counts as one.
      this.#trials.met(arrivals, missed, before, slotsPerWorker, Math.min(weight, 1 / this.#dispersion.value));
      this.#trials.tried(arrivals, before, slotsPerWorker, weight);
    }

    const sessionLengthS = this.#lengths.meanS;
    const ends = 1 - Math.exp(-timeToWarmS / sessionLengthS);
    const relativeRate = launchesPerS / this.#arrivals.meanPerS;
    const outlook = { sessions: taken, arrivals: expected, dispersion: this.#dispersion.value, ends };
    const ahead = { ...outlook, slotsPerWorker, relativeRate };
    const value = worthAhead(ahead);
    this.#trials.resize(value, neededNow(ahead), nowS, timeToWarmS);
    const basis = { ...ahead, price: this.#trials.price, keepPrice: this.#trials.keepPrice };
    const { workers, keep } = workersWorth(basis, value);
    this.#wanted = workers;
    return { workers, keep, holdS: timeToWarmS, launchesPerS, sessionLengthS, basis };
  }

  /** Launches per second over the last days. */
  get meanPerS(): number {
    return this.#arrivals.meanPerS;
  }

  save(): SavedForecaster {
    return {
      arrivals: this.#arrivals.save(),
      sessions: this.#lengths.save(),
      dispersion: this.#dispersion.save(),
      trials: this.#trials.save(),
    };
  }
}

/** A counter that decreased has restarted from zero. */
function since(now: number, before: number | undefined): number {
  if (before === undefined) return 0;
  return now >= before ? now - before : now;
}
