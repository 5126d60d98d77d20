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

/** What was learned is worth a write so often, and only where launches came. */
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

interface LearnedConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface PoolForecasts {
  readonly forecasts: Forecasts;
  /** What is kept has been read, or is not asked for. */
  readonly read: boolean;
  keptMs: number;
  keptLaunches: number;
}

export interface ForecastStoreOptions {
  readonly clientOf: (pool: PoolConfig) => Pick<KubeClient, "get" | "create" | "apply">;
  /** The ConfigMap's name is taken by an object that is not the pool's. */
  readonly onForeign: (pool: PoolConfig, ref: ObjectRef, message: string) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * What was learned of the pools' demand. It is kept in a ConfigMap beside each pool, so that the next operator goes on from there;
 * lost or damaged, it is learned again. A ConfigMap of that name that does not belong to the pool is neither read nor written.
 */
export class ForecastStore {
  readonly #options: ForecastStoreOptions;
  readonly #pools = new Map<string, PoolForecasts>();

  constructor(options: ForecastStoreOptions) {
    this.#options = options;
  }

  /**
   * Where the API server refuses to give what is kept, it is learned anew, and nothing is written over what is kept.
   * @throws KubeError where the API server is not reached.
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
      keptMs: this.#options.clock.now(),
      keptLaunches: 0,
    });
    try {
      return begun(new Forecasts(pool.warm.slots.kind === "auto" ? await this.#read(pool) : undefined), true);
    } catch (error) {
      if (requestFailureOf(error) !== "refused") throw error;
      return known ?? begun(new Forecasts(undefined), false);
    }
  }

  /** Writes what is new, seldom. A failure is told and left: the next write brings the same and more. */
  async keep(pool: PoolConfig): Promise<void> {
    const { clock, logger } = this.#options;
    const entry = this.#pools.get(poolKey(pool));
    if (entry?.read !== true || entry.forecasts.launches === entry.keptLaunches) return;
    if (clock.now() - entry.keptMs < SAVE_INTERVAL_MS) return;
    entry.keptMs = clock.now();
    entry.keptLaunches = entry.forecasts.launches;
    try {
      await this.#write(pool, configMapOf(pool, entry.forecasts.save()));
    } catch (error) {
      logger.warn({ err: error, pool: poolKey(pool) }, "what was learned of the pool's demand could not be kept");
    }
  }

  /** It is looked at before each write: server-side apply would merge ours into an object of somebody else, force or not. */
  async #write(pool: PoolConfig, wanted: LearnedConfigMap): Promise<void> {
    const client = this.#options.clientOf(pool);
    const found = await client.get<LearnedConfigMap>(configMaps, refOf(pool));
    if (found === undefined) await client.create(configMaps, wanted);
    else if (!isOf(pool, found)) this.#foreign(pool);
    // The UID keeps a write from an object that took the name since.
    else await client.apply(configMaps, { ...wanted, metadata: { ...wanted.metadata, uid: found.metadata?.uid ?? "" } });
  }

  #foreign(pool: PoolConfig): void {
    const ref = refOf(pool);
    const lost = "what the operator learns of the pool's demand is lost when it restarts";
    const message = `ConfigMap ${keyOf(ref)} exists and does not belong to the pool, so ${lost}: delete it, or rename the pool; the operator does not change it`;
    this.#options.onForeign(pool, ref, message);
  }

  forget(key: string): void {
    this.#pools.delete(key);
  }

  async #read(pool: PoolConfig): Promise<SavedForecasts | undefined> {
    const { clientOf, logger } = this.#options;
    const ref = refOf(pool);
    const found = await clientOf(pool).get<LearnedConfigMap>(configMaps, ref);
    if (found !== undefined && !isOf(pool, found)) {
      this.#foreign(pool);
      return undefined;
    }
    const text = found?.data?.[DATA_KEY];
    if (text === undefined) return undefined;
    try {
      return savedSchema.parse(JSON.parse(text));
    } catch (error) {
      logger.warn(
        { err: error, configMap: keyOf(ref) },
        "what was learned of the pool's demand cannot be read and is learned again",
      );
      return undefined;
    }
  }
}

function configMapOf(pool: PoolConfig, saved: SavedForecasts): LearnedConfigMap {
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

function isOf({ uid }: PoolConfig, { metadata }: LearnedConfigMap): boolean {
  return metadata?.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
