import type { PoolConfig } from "../../api/pool-config.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** The pools in the gateway's view. */
export interface Directory {
  /** By `namespace/name`. */
  pool(key: string): PoolConfig | undefined;
  pools(): Iterable<PoolConfig>;
  /** Whether pools and workers were listed in full once. Before that, a pool that is missing may exist. */
  readonly synced: boolean;
}

/** The part of an informer that the directory reads. */
export interface View<T> {
  readonly store: { get(key: string): T | undefined; values(): Iterable<T> };
  readonly synced: boolean;
  onChange(handler: (key: string, after: T | undefined, before: T | undefined) => void): () => void;
}

/** The directory over two informers. It keeps the last view while the API server is away. */
export function directoryOf(pools: View<PoolConfig>, workers: View<WorkerRecord>): Directory {
  return {
    pool: (key) => pools.store.get(key),
    pools: () => pools.store.values(),
    get synced() {
      return pools.synced && workers.synced;
    },
  };
}

/** Receives every change of pools and workers. */
export interface DirectoryListener {
  poolChanged(key: string, pool: PoolConfig | undefined): void;
  workerChanged(after: WorkerRecord | undefined, before: WorkerRecord | undefined): void;
}

/** Passes every change to the listener. @returns a function that stops it. */
export function follow(listener: DirectoryListener, pools: View<PoolConfig>, workers: View<WorkerRecord>): () => void {
  const stops = [
    pools.onChange((key, after) => listener.poolChanged(key, after)),
    workers.onChange((_key, after, before) => listener.workerChanged(after, before)),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
