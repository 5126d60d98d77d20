const MEMORY_FORECASTS = 1_000;
/** Prior: a Poisson process with this number of launches. */
const PRIOR_LAUNCHES = 10;
const MAX_DISPERSION = 400;
/** Maximum number of forecasts whose period has not ended. */
const MAX_PENDING = 64;

/**
 * The index of dispersion of forecast errors: mean squared error over mean, 1 for a Poisson process with a known rate
 * (Cox and Lewis, The Statistical Analysis of Series of Events, 4.5). Bursts, batches and errors of the rate increase it.
 */
export class Dispersion {
  #error = 0;
  #expected = 0;
  #pending: { readonly atS: number; readonly arrived: number; readonly expected: number }[] = [];

  constructor(saved?: SavedDispersion) {
    if (saved === undefined) return;
    this.#error = saved.error;
    this.#expected = saved.expected;
  }

  /**
   * @param arrived launches since a fixed moment.
   * @param expected forecast of the launches in the next `overS` seconds.
   */
  add(nowS: number, arrived: number, expected: number, overS: number): void {
    const last = this.#pending.at(-1);
    if ((last === undefined || nowS - last.atS >= overS / 2) && this.#pending.length < MAX_PENDING)
      this.#pending.push({ atS: nowS, arrived, expected });
    while (this.#pending[0] !== undefined && nowS - this.#pending[0].atS >= overS) {
      const forecast = this.#pending.shift();
      if (forecast === undefined) break;
      const kept = 1 - 1 / MEMORY_FORECASTS;
      this.#error = this.#error * kept + (arrived - forecast.arrived - forecast.expected) ** 2;
      this.#expected = this.#expected * kept + forecast.expected;
    }
  }

  get value(): number {
    const measured = (this.#error + PRIOR_LAUNCHES) / (this.#expected + PRIOR_LAUNCHES);
    return Math.max(1, Math.min(MAX_DISPERSION, measured));
  }

  save(): SavedDispersion {
    return { error: Math.round(this.#error * 10) / 10, expected: Math.round(this.#expected * 10) / 10 };
  }
}

export interface SavedDispersion {
  readonly error: number;
  readonly expected: number;
}
