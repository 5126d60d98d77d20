import type { PoolConfig } from "../../api/pool-config.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** The pools as the gateway sees them. */
export interface Directory {
  /** By `namespace/name`. */
  pool(key: string): PoolConfig | undefined;
  pools(): Iterable<PoolConfig>;
  /** Whether pools and workers were listed in full once: before that, "unknown pool" would be a guess. */
  readonly synced: boolean;
}

/** What the gateway needs of a watched kind: the part of an informer that it reads. */
export interface View<T> {
  readonly store: { get(key: string): T | undefined; values(): Iterable<T> };
  readonly synced: boolean;
  onChange(handler: (key: string, after: T | undefined, before: T | undefined) => void): () => void;
}

/** The directory over two watched kinds. It keeps what it last saw: an API server that is away changes nothing. */
export function directoryOf(pools: View<PoolConfig>, workers: View<WorkerRecord>): Directory {
  return {
    pool: (key) => pools.store.get(key),
    pools: () => pools.store.values(),
    get synced() {
      return pools.synced && workers.synced;
    },
  };
}

/** Who must hear of every change. */
export interface DirectoryListener {
  poolChanged(key: string, pool: PoolConfig | undefined): void;
  workerChanged(after: WorkerRecord | undefined, before: WorkerRecord | undefined): void;
}

/** Passes every change on. @returns how to stop. */
export function follow(listener: DirectoryListener, pools: View<PoolConfig>, workers: View<WorkerRecord>): () => void {
  const stops = [
    pools.onChange((key, after) => listener.poolChanged(key, after)),
    workers.onChange((_key, after, before) => listener.workerChanged(after, before)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
