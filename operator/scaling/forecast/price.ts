/**
 * What one more worker is worth, and how many are worth their keep.
 *
 * A worker is kept warm for the launches that would find no slot without it. With `n` workers of `s` slots, one more catches the
 * launches that arrive while between n*s and (n+1)*s slots are taken: `rate * P(n*s <= taken < (n+1)*s)` a second. It is worth
 * keeping when that, at the price of a miss, outweighs the worker itself:
 *
 *     price * (rate now / mean rate) * P(n*s <= taken < (n+1)*s) >= 1
 *
 * One price for all times of day, instead of one quantile, spends the allowed misses where they save most: at an hour in which
 * a launch is rare, a worker kept for it costs more than at noon. Source: the Lagrangian of "least worker-hours subject to a share
 * of misses"; with a lead time and no set-up cost, this base-stock rule is the optimal one (Zipkin, Foundations of Inventory
 * Management, 6.2).
 */
export interface Worth {
  /** Fewest workers, of the given or more, such that one more is worth less than its keep. */
  workers(price: number, atLeast: number): number;
  /** Share of the launches that would find no free slot with so many workers, a time-to-warm from now. */
  missShare(workers: number): number;
}

export interface WorthInputs {
  readonly slotsPerWorker: number;
  /** Rate of launches over its mean of the last days. */
  readonly relativeRate: number;
  /** Slots that will be taken on average. */
  readonly expectedTaken: number;
  /** Probability that at least so many will be. */
  readonly takenAtLeast: (slots: number) => number;
}

export function worth({ slotsPerWorker, relativeRate, expectedTaken, takenAtLeast }: WorthInputs): Worth {
  const mode = Math.floor(expectedTaken / slotsPerWorker);
  const known = new Map<number, number>();
  // Below what will be taken on average every worker is needed, however narrow its own band.
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
      // The worth falls with every worker: double the stride until it is too little, then halve.
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
