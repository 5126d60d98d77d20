import { z } from "zod";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import { requestFailureOf } from "../../kube/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SavedState, type SavedStateDeps } from "../saved-state.ts";
import { Forecasts, type SavedForecasts } from "./forecasts.ts";

/** A forecast is saved at most this often, and only if the pool had launches. */
export const SAVE_INTERVAL_MS = 600_000;

const numbers = z.array(z.number().min(0)).max(1_000);
const amount = z.number().min(0);

const savedSchema: z.ZodType<SavedForecasts> = z.object({
  sets: z.record(
    z.string(),
    z.object({
      arrivals: z.object({ mean: z.tuple([amount, amount]), launches: numbers, seconds: numbers }),
      sessions: z.object({ sessionSeconds: amount, ended: amount }),
      dispersion: z.object({ error: amount, expected: amount }),
      // The previous version wrote `missed` as `cold`. The next version reads `missed` only.
      trials: z
        .object({ launches: amount, missed: numbers.optional(), cold: numbers.default([]), correction: z.number() })
        .transform(({ launches, cold, missed = cold, correction }) => ({ launches, missed, correction })),
    }),
  ),
  groups: z.record(z.string(), z.object({ seconds: numbers })),
});

interface PoolForecasts {
  readonly forecasts: Forecasts;
  /** The saved forecast has been read, or the pool needs none. */
  readonly read: boolean;
  savedMs: number;
  savedLaunches: number;
}

export interface ForecastStoreOptions extends SavedStateDeps {
  readonly clock: Clock;
}

/**
 * The demand forecasts of all pools. Each is saved in a ConfigMap next to its pool, so that the next operator continues from it. A
 * forecast that is lost or damaged begins anew. A foreign ConfigMap of that name is neither read nor written.
 */
export class ForecastStore {
  readonly #options: ForecastStoreOptions;
  readonly #saved: SavedState<SavedForecasts>;
  readonly #pools = new Map<string, PoolForecasts>();

  constructor(options: ForecastStoreOptions) {
    this.#options = options;
    this.#saved = new SavedState(options, { suffix: "learned", what: "demand forecast", schema: savedSchema });
  }

  /**
   * If the API server refuses to return the saved forecast, a new one begins, and the saved one is not overwritten.
   * @throws KubeError if the API server does not respond.
   */
  async of(pool: PoolConfig): Promise<Forecasts> {
    const known = this.#pools.get(poolKey(pool));
    if (known?.read === true) return known.forecasts;
    const entry = await this.#begin(pool, known);
    this.#pools.set(poolKey(pool), entry);
    return entry.forecasts;
  }

  async #begin(pool: PoolConfig, known: PoolForecasts | undefined): Promise<PoolForecasts> {
    const begun = (forecasts: Forecasts, read: boolean) => ({
      forecasts,
      read,
      savedMs: this.#options.clock.now(),
      savedLaunches: 0,
    });
    try {
      return begun(new Forecasts(pool.warm.slots.kind === "auto" ? await this.#saved.read(pool) : undefined), true);
    } catch (error) {
      if (requestFailureOf(error) !== "refused") throw error;
      return known ?? begun(new Forecasts(undefined), false);
    }
  }

  /** Saves the forecast if it is due. A failure is logged and not retried: the next write contains the same and more. */
  async save(pool: PoolConfig): Promise<void> {
    const { clock } = this.#options;
    const entry = this.#pools.get(poolKey(pool));
    if (entry?.read !== true || entry.forecasts.launches === entry.savedLaunches) return;
    if (clock.now() - entry.savedMs < SAVE_INTERVAL_MS) return;
    entry.savedMs = clock.now();
    entry.savedLaunches = entry.forecasts.launches;
    await this.#saved.write(pool, entry.forecasts.save());
  }

  forget(key: string): void {
    this.#pools.delete(key);
  }
}
