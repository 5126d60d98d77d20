import type { PoolConfig } from "../../api/pool-config.ts";
import { poolKey } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { EndpointIndex } from "./endpoint-index.ts";
import { Shares } from "./shares.ts";
import { type Expectation, Worker } from "./worker.ts";
import type { WorkerRecord } from "./worker-record.ts";

/** Finds a pool by its key, `namespace/name`. */
export type FindPool = (key: string) => PoolConfig | undefined;

interface PoolWorkers {
  readonly workers: Set<Worker>;
  readonly endpoints: EndpointIndex<Worker>;
}

/** All workers by pool, and those that can take a launch, sorted for the endpoint picker. */
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

  get(uid: string): Worker | undefined {
    return this.#byUid.get(uid);
  }

  ofPool(key: string): Iterable<Worker> {
    return this.#byPool.get(key)?.workers ?? [];
  }

  endpoints(key: string): EndpointIndex<Worker> {
    return this.#byPool.get(key)?.endpoints ?? new EndpointIndex();
  }

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
      // A removed worker may still settle a launch.
      onChanged: (changed) => this.#byUid.has(changed.uid) && pool.endpoints.put(changed, changed.endpoint),
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
    worker.removed();
    const key = poolOf(worker.record);
    const pool = this.#byPool.get(key);
    pool?.workers.delete(worker);
    pool?.endpoints.put(worker, undefined);
    if (pool?.workers.size === 0) this.#byPool.delete(key);
  }

  /** The set of live gateways changed: assigns the workers to the new shares. */
  share(shares: Shares): void {
    this.#shares = shares;
    for (const worker of this.#byUid.values()) worker.share(shares);
  }

  /** The pool changed: its settings may change the endpoints of its workers. */
  poolChanged(key: string): void {
    const pool = this.#byPool.get(key);
    for (const worker of pool?.workers ?? []) pool?.endpoints.put(worker, worker.endpoint);
  }

  #expectation(record: WorkerRecord): Expectation {
    const pool = this.#findPool(poolOf(record));
    const group = pool?.groups.find(({ name }) => name === record.group);
    return {
      slots: group?.slotsPerWorker ?? record.engine.sessionsPerWorker,
      // Workers without a warm-up request load their presets before they report ready.
      warmHasPresets: pool?.warm.mode === "session" || record.engine.warmup.length === 0,
      loadThreshold: group?.loadThreshold ?? record.engine.jobs?.loadThreshold ?? Number.POSITIVE_INFINITY,
    };
  }
}

/** Key of the pool that a worker belongs to. */
export function poolOf(record: WorkerRecord): string {
  return poolKey({ namespace: record.namespace, name: record.pool });
}
