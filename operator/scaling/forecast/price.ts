/**
 * The worth of one more worker, and the number of workers that are worth their cost.
 *
 * A worker is kept warm for the launches that would not find a slot without it. With `n` workers of `s` slots, one more serves
 * the launches that arrive while between n*s and (n+1)*s slots are taken: `rate * P(n*s <= taken < (n+1)*s)` per second. It is
 * worth its cost if these launches, at the price of a miss, outweigh the worker:
 *
 *     price * (rate now / mean rate) * P(n*s <= taken < (n+1)*s) >= 1
 *
 * One price for all times of day, instead of one quantile, spends the allowed misses where they save most: at an hour with few
 * launches, a worker for one of them costs more than at noon. Source: the Lagrangian of "least worker-hours subject to a share of
 * misses". With a lead time and no set-up cost, this base-stock rule is optimal (Zipkin, Foundations of Inventory Management,
 * 6.2).
 */
export interface Worth {
  /** The smallest number of workers, not below `atLeast`, at which one more costs more than it is worth. */
  workers(price: number, atLeast: number): number;
  /** Share of the launches that would not find a free slot with this number of workers, one time-to-warm from now. */
  missShare(workers: number): number;
}

export interface WorthInputs {
  readonly slotsPerWorker: number;
  /** Arrival rate divided by its mean over the last days. */
  readonly relativeRate: number;
  /** Mean number of taken slots, one time-to-warm from now. */
  readonly expectedTaken: number;
  /** Probability that at least this number of slots is taken then. */
  readonly takenAtLeast: (slots: number) => number;
}

export function worth({ slotsPerWorker, relativeRate, expectedTaken, takenAtLeast }: WorthInputs): Worth {
  const mode = Math.floor(expectedTaken / slotsPerWorker);
  const known = new Map<number, number>();
  // Below the mean number of taken slots every worker is needed, however narrow its own band.
  const needed = (workers: number): number => {
    const found = known.get(workers);
    if (found !== undefined) return found;
    const anyway = takenAtLeast(workers * slotsPerWorker);
    const value = relativeRate * (workers < mode ? anyway : anyway - takenAtLeast((workers + 1) * slotsPerWorker));
    known.set(workers, value);
    return value;
  };
  return {
    workers: (price, atLeast) => {
      if (price * needed(atLeast) < 1) return atLeast;
      // The worth falls with every worker: double the stride until it is too small, then halve it.
      let enough = atLeast;
      let stride = 1;
      while (price * needed(enough + stride) >= 1 && stride < MAX_WORKERS) {
        enough += stride;
        stride *= 2;
      }
      while (stride > 1) {
        stride /= 2;
        if (price * needed(enough + stride) >= 1) enough += stride;
      }
      return enough + 1;
    },
    missShare: (workers) => takenAtLeast(workers * slotsPerWorker),
  };
}

const MAX_WORKERS = 65_536;
