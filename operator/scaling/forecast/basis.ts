import { concurrencyAhead, type Outlook } from "./concurrency.ts";
import { type Worth, worth } from "./price.ts";

/** All numbers that a forecast's workers are computed from. `sessions` includes waiting launches. */
export interface ForecastBasis extends DemandAhead {
  /** The price of a missed launch that keeps the objective, and the one at which existing workers are kept. */
  readonly price: number;
  readonly keepPrice: number;
}

export interface DemandAhead extends Outlook {
  readonly slotsPerWorker: number;
  /** Arrival rate divided by its mean over the last days. */
  readonly relativeRate: number;
}

export function worthAhead(ahead: DemandAhead): Worth {
  const { sessions, arrivals, ends, slotsPerWorker, relativeRate } = ahead;
  const expectedTaken = sessions + arrivals - sessions * ends;
  return worth({ slotsPerWorker, relativeRate, expectedTaken, takenAtLeast: concurrencyAhead(ahead) });
}

/** Workers for the present sessions and waiting launches alone. */
export function neededNow({ sessions, slotsPerWorker }: Pick<DemandAhead, "sessions" | "slotsPerWorker">): number {
  return Math.ceil(sessions / slotsPerWorker);
}

/** @returns the required workers, and those that are worth their cost if they exist. */
export function workersWorth(basis: ForecastBasis, value = worthAhead(basis)): { readonly workers: number; readonly keep: number } {
  const workers = value.workers(basis.price, neededNow(basis));
  return { workers, keep: value.workers(basis.keepPrice, workers) };
}

/** The probability that the slots needed beyond the present ones, one time-to-warm ahead, are at most 0, 1, 2, … `most`. */
export function slotsNeeded(ahead: Outlook, most: number): readonly number[] {
  const takenAtLeast = concurrencyAhead(ahead);
  return Array.from({ length: most + 1 }, (_, slots) => 1 - takenAtLeast(ahead.sessions + slots + 1));
}
