import type { PoolConfig } from "../api/pool-config.ts";
import { poolKey } from "../api/pool-config.ts";
import { Worker } from "./worker.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** Where the table learns how many sessions a group's workers take. */
export type FindPool = (key: string) => PoolConfig | undefined;

/** Every worker that the gateway knows, by pool. Follows the pods; owns nothing else. */
export class WorkerTable {
  readonly #findPool: FindPool;
  readonly #byUid = new Map<string, Worker>();
  readonly #byPool = new Map<string, Set<Worker>>();

  constructor(findPool: FindPool) {
    this.#findPool = findPool;
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: string): Worker | undefined {
    return this.#byUid.get(uid);
  }

  ofPool(key: string): Iterable<Worker> {
    return this.#byPool.get(key) ?? [];
  }

  /** Adds the worker or takes over its new record. */
  upsert(record: WorkerRecord): Worker {
    const known = this.#byUid.get(record.uid);
    if (known !== undefined) {
      known.update(record);
      return known;
    }
    const key = poolOf(record);
    const worker = new Worker(record, () => this.#slotsOf(record));
    this.#byUid.set(record.uid, worker);
    const siblings = this.#byPool.get(key) ?? new Set();
    this.#byPool.set(key, siblings.add(worker));
    return worker;
  }

  remove(uid: string): void {
    const worker = this.#byUid.get(uid);
    if (worker === undefined) return;
    this.#byUid.delete(uid);
    const key = poolOf(worker.record);
    const siblings = this.#byPool.get(key);
    siblings?.delete(worker);
    if (siblings?.size === 0) this.#byPool.delete(key);
  }

  #slotsOf(record: WorkerRecord): number {
    const group = this.#findPool(poolOf(record))?.groups.find(({ name }) => name === record.group);
    return group?.slotsPerWorker ?? record.engine.sessionsPerWorker;
  }
}

/** Key of the pool that a worker belongs to. */
export function poolOf(record: WorkerRecord): string {
  return poolKey({ namespace: record.namespace, name: record.pool });
}
