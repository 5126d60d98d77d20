import { z } from "zod";
import { labels, MANAGED_BY } from "../../api/names.ts";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { KubeClient } from "../../kube/client.ts";
import { requestFailureOf } from "../../kube/errors.ts";
import { configMaps } from "../../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../../kube/types.ts";
import { ownedBy } from "../../resources/owner.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { Forecasts, type SavedForecasts } from "./forecasts.ts";

/** A forecast is saved at most this often, and only if the pool had launches. */
export const SAVE_INTERVAL_MS = 600_000;

const DATA_KEY = "learned.json";
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

interface ForecastConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface PoolForecasts {
  readonly forecasts: Forecasts;
  /** The saved forecast has been read, or the pool needs none. */
  readonly read: boolean;
  savedMs: number;
  savedLaunches: number;
}

export interface ForecastStoreOptions {
  readonly clientOf: (pool: PoolConfig) => Pick<KubeClient, "get" | "create" | "apply">;
  /** A foreign ConfigMap has the name. */
  readonly onForeign: (pool: PoolConfig, ref: ObjectRef, message: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The demand forecasts of all pools. Each is saved in a ConfigMap next to its pool, so that the next operator continues from it. A
 * forecast that is lost or damaged begins anew. A foreign ConfigMap of that name is neither read nor written.
 */
export class ForecastStore {
  readonly #options: ForecastStoreOptions;
  readonly #pools = new Map<string, PoolForecasts>();

  constructor(options: ForecastStoreOptions) {
    this.#options = options;
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
      return begun(new Forecasts(pool.warm.slots.kind === "auto" ? await this.#read(pool) : undefined), true);
    } catch (error) {
      if (requestFailureOf(error) !== "refused") throw error;
      return known ?? begun(new Forecasts(undefined), false);
    }
  }

  /** Saves the forecast if it is due. A failure is logged and not retried: the next write contains the same and more. */
  async save(pool: PoolConfig): Promise<void> {
    const { clock, logger } = this.#options;
    const entry = this.#pools.get(poolKey(pool));
    if (entry?.read !== true || entry.forecasts.launches === entry.savedLaunches) return;
    if (clock.now() - entry.savedMs < SAVE_INTERVAL_MS) return;
    entry.savedMs = clock.now();
    entry.savedLaunches = entry.forecasts.launches;
    try {
      await this.#write(pool, configMapOf(pool, entry.forecasts.save()));
    } catch (error) {
      logger.warn({ err: error, pool: poolKey(pool) }, "failed to save the demand forecast");
    }
  }

  /** Reads the ConfigMap first: server-side apply would merge the forecast into a foreign object, with or without force. */
  async #write(pool: PoolConfig, wanted: ForecastConfigMap): Promise<void> {
    const client = this.#options.clientOf(pool);
    const found = await client.get<ForecastConfigMap>(configMaps, refOf(pool));
    if (found === undefined) await client.create(configMaps, wanted);
    else if (!isOf(pool, found)) this.#foreign(pool);
    // The UID keeps the write from an object that has taken the name since.
    else await client.apply(configMaps, { ...wanted, metadata: { ...wanted.metadata, uid: found.metadata?.uid ?? "" } });
  }

  #foreign(pool: PoolConfig): void {
    const ref = refOf(pool);
    const lost = "the demand forecast is lost when the operator restarts";
    const message = `ConfigMap ${keyOf(ref)} exists and does not belong to the pool, so ${lost}: delete it, or rename the pool; the operator does not change it`;
    this.#options.onForeign(pool, ref, message);
  }

  forget(key: string): void {
    this.#pools.delete(key);
  }

  async #read(pool: PoolConfig): Promise<SavedForecasts | undefined> {
    const { clientOf, logger } = this.#options;
    const ref = refOf(pool);
    const found = await clientOf(pool).get<ForecastConfigMap>(configMaps, ref);
    if (found !== undefined && !isOf(pool, found)) {
      this.#foreign(pool);
      return undefined;
    }
    const text = found?.data?.[DATA_KEY];
    if (text === undefined) return undefined;
    try {
      return savedSchema.parse(JSON.parse(text));
    } catch (error) {
      logger.warn({ err: error, configMap: keyOf(ref) }, "saved demand forecast is invalid, starting a new one");
      return undefined;
    }
  }
}

function configMapOf(pool: PoolConfig, saved: SavedForecasts): ForecastConfigMap {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      ...refOf(pool),
      labels: { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name },
      ownerReferences: [ownedBy(pool)],
    },
    data: { [DATA_KEY]: JSON.stringify(saved) },
  };
}

function refOf(pool: PoolConfig): ObjectRef {
  return { namespace: pool.namespace, name: `${pool.name}-learned` };
}

function isOf({ uid }: PoolConfig, { metadata }: ForecastConfigMap): boolean {
  return metadata?.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
