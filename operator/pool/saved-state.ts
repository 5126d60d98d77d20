import type { z } from "zod";
import { labels, MANAGED_BY } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import type { KubeClient } from "../kube/client.ts";
import { configMaps } from "../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import { ownedBy } from "../resources/owner.ts";
import type { Logger } from "../telemetry/logger.ts";

interface StateConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface SavedStateDeps {
  readonly clientOf: (pool: PoolConfig) => Pick<KubeClient, "get" | "create" | "apply">;
  /** A foreign ConfigMap has the name. */
  readonly onForeign: (pool: PoolConfig, ref: ObjectRef, message: string) => void;
  readonly logger: Logger;
}

export interface SavedStateKind<T> {
  /** Ending of the ConfigMap's name. */
  readonly suffix: string;
  /** What it holds, for messages. */
  readonly what: string;
  readonly schema: z.ZodType<T>;
}

/**
 * What the next operator needs to know of a pool, in a ConfigMap next to it. A foreign ConfigMap of that name is neither read nor
 * written. Damaged content counts as absent.
 */
export class SavedState<T> {
  readonly #deps: SavedStateDeps;
  readonly #kind: SavedStateKind<T>;

  constructor(deps: SavedStateDeps, kind: SavedStateKind<T>) {
    this.#deps = deps;
    this.#kind = kind;
  }

  /** @throws KubeError */
  async read(pool: PoolConfig): Promise<T | undefined> {
    const { clientOf, logger } = this.#deps;
    const { what, schema } = this.#kind;
    const ref = this.#refOf(pool);
    const found = await clientOf(pool).get<StateConfigMap>(configMaps, ref);
    if (found !== undefined && !isOf(pool, found)) {
      this.#foreign(pool);
      return undefined;
    }
    const text = found?.data?.[this.#dataKey];
    if (text === undefined) return undefined;
    try {
      return schema.parse(JSON.parse(text));
    } catch (error) {
      logger.warn({ err: error, configMap: keyOf(ref), what }, "saved state is invalid, starting a new one");
      return undefined;
    }
  }

  /** Reads the ConfigMap first: server-side apply would merge the state into a foreign object, with or without force. Never throws. */
  async write(pool: PoolConfig, state: T): Promise<void> {
    const client = this.#deps.clientOf(pool);
    const wanted = this.#configMapOf(pool, state);
    try {
      const found = await client.get<StateConfigMap>(configMaps, this.#refOf(pool));
      if (found === undefined) await client.create(configMaps, wanted);
      else if (!isOf(pool, found)) this.#foreign(pool);
      // The UID keeps the write from an object that has taken the name since.
      else await client.apply(configMaps, { ...wanted, metadata: { ...wanted.metadata, uid: found.metadata?.uid ?? "" } });
    } catch (error) {
      const { what } = this.#kind;
      this.#deps.logger.warn({ err: error, configMap: keyOf(this.#refOf(pool)), what }, "failed to save state");
    }
  }

  #foreign(pool: PoolConfig): void {
    const ref = this.#refOf(pool);
    const lost = `the ${this.#kind.what} is lost when the operator restarts`;
    const message = `ConfigMap ${keyOf(ref)} exists and does not belong to the pool, so ${lost}: delete it, or rename the pool; the operator does not change it`;
    this.#deps.onForeign(pool, ref, message);
  }

  get #dataKey(): string {
    return `${this.#kind.suffix}.json`;
  }

  #refOf(pool: PoolConfig): ObjectRef {
    return { namespace: pool.namespace, name: `${pool.name}-${this.#kind.suffix}` };
  }

  #configMapOf(pool: PoolConfig, state: T): StateConfigMap {
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        ...this.#refOf(pool),
        labels: { [labels.managedBy]: MANAGED_BY, [labels.pool]: pool.name },
        ownerReferences: [ownedBy(pool)],
      },
      data: { [this.#dataKey]: JSON.stringify(state) },
    };
  }
}

function isOf({ uid }: PoolConfig, { metadata }: StateConfigMap): boolean {
  return metadata?.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
