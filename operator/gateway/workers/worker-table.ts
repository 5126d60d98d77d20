import type { PoolConfig } from "../../api/pool-config.ts";
import { poolKey } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { EndpointIndex } from "./endpoint-index.ts";
import { Shares } from "./shares.ts";
import { type Expectation, Worker } from "./worker.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** Where the table learns how many sessions a group's workers take. */
export type FindPool = (key: string) => PoolConfig | undefined;

interface PoolWorkers {
  readonly workers: Set<Worker>;
  readonly endpoints: EndpointIndex<Worker>;
}

/** Every worker that the gateway knows, by pool, and those that can take a launch, sorted for the endpoint picker. */
export class WorkerTable {
  readonly #findPool: FindPool;
  readonly #clock: Clock;
  readonly #byUid = new Map<string, Worker>();
  readonly #byPool = new Map<string, PoolWorkers>();
  #shares = new Shares("");

  constructor(deps: { readonly findPool: FindPool; readonly clock: Clock }) {
    this.#findPool = deps.findPool;
    this.#clock = deps.clock;
  }

  get size(): number {
    return this.#byUid.size;
  }

  get(uid: string): Worker | undefined {
    return this.#byUid.get(uid);
  }

  ofPool(key: string): Iterable<Worker> {
    return this.#byPool.get(key)?.workers ?? [];
  }

  endpoints(key: string): EndpointIndex<Worker> {
    return this.#byPool.get(key)?.endpoints ?? new EndpointIndex();
  }

  /** Adds the worker or takes over its new record. */
  upsert(record: WorkerRecord): Worker {
    const known = this.#byUid.get(record.uid);
    if (known !== undefined) {
      known.update(record);
      return known;
    }
    const key = poolOf(record);
    const pool = this.#byPool.get(key) ?? { workers: new Set(), endpoints: new EndpointIndex() };
    this.#byPool.set(key, pool);
    const worker = new Worker(record, {
      clock: this.#clock,
      expectation: () => this.#expectation(record),
      // One that is gone may still have a launch to settle.
      onMoved: (moved) => this.#byUid.has(moved.uid) && pool.endpoints.put(moved, moved.endpoint),
    });
    this.#byUid.set(record.uid, worker);
    pool.workers.add(worker);
    worker.share(this.#shares);
    return worker;
  }

  remove(uid: string): void {
    const worker = this.#byUid.get(uid);
    if (worker === undefined) return;
    this.#byUid.delete(uid);
    worker.leaves();
    const key = poolOf(worker.record);
    const pool = this.#byPool.get(key);
    pool?.workers.delete(worker);
    pool?.endpoints.put(worker, undefined);
    if (pool?.workers.size === 0) this.#byPool.delete(key);
  }

  /** Other gateways came or went: workers change hands. */
  share(shares: Shares): void {
    this.#shares = shares;
    for (const worker of this.#byUid.values()) worker.share(shares);
  }

  /** The pool says something else of its workers now. */
  poolChanged(key: string): void {
    const pool = this.#byPool.get(key);
    for (const worker of pool?.workers ?? []) pool?.endpoints.put(worker, worker.endpoint);
  }

  #expectation(record: WorkerRecord): Expectation {
    const pool = this.#findPool(poolOf(record));
    const group = pool?.groups.find(({ name }) => name === record.group);
    return {
      slots: group?.slotsPerWorker ?? record.engine.sessionsPerWorker,
      // Workers without a warm-up of their own load their presets before they answer that they are ready.
      warmHasPresets: pool?.warm.mode === "session" || record.engine.warmup.length === 0,
    };
  }
}

/** Key of the pool that a worker belongs to. */
export function poolOf(record: WorkerRecord): string {
  return poolKey({ namespace: record.namespace, name: record.pool });
}
