import { groupServes, type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { type NoEndpoint, pickEndpoint, type Wanted, whyNone } from "../workers/endpoint-picker.ts";
import type { SlotReservation } from "../workers/slot-reservations.ts";
import type { Worker } from "../workers/worker.ts";
import type { FindPool, WorkerTable } from "../workers/worker-table.ts";
import { LaunchQueue } from "./queue.ts";

/** Why there is no slot: every worker is full, or the pool has reached its session limit. */
export type Shortfall = NoEndpoint | "session-limit";

export interface Slot extends SlotReservation {
  readonly worker: Worker;
  /** Whether the worker was warmed up, or has served the preset before. */
  readonly warm: boolean;
}

export interface SlotsDeps {
  readonly clock: Clock;
  readonly findPool: FindPool;
  readonly workers: WorkerTable;
  /** Number of a pool's sessions at the maker's cloud. */
  readonly elsewhere?: (key: string) => number;
}

const noneTried: ReadonlySet<string> = new Set();

/** Assigns the slots of all pools: picks a worker, reserves a slot, and serves queued launches before new ones. */
export class Slots {
  readonly #deps: SlotsDeps;
  /** A queue for each pool that has queued a launch. */
  readonly #queues = new Map<string, LaunchQueue<Slot>>();

  constructor(deps: SlotsDeps) {
    this.#deps = deps;
  }

  /** A slot for a new launch. Queued launches have precedence. */
  take(pool: PoolConfig, preset: string | undefined, tried: ReadonlySet<string>): Slot | undefined {
    this.wake(poolKey(pool));
    return this.#pickEndpoint(pool, preset, tried);
  }

  /** Why a launch of this preset finds no slot now. */
  shortage(pool: PoolConfig, preset: string | undefined): Shortfall {
    if (this.atSessionLimit(pool)) return "session-limit";
    return whyNone(this.#deps.workers.ofPool(poolKey(pool)), wantedOf(pool, preset, noneTried));
  }

  /** Whether the pool may get another worker for this preset: one that is starting, or one that may be added. */
  mayGrow(pool: PoolConfig, preset: string | undefined): boolean {
    const workers = [...this.#deps.workers.ofPool(poolKey(pool))];
    return pool.groups
      .filter((group) => groupServes(group, preset))
      .some(
        (group) => workers.filter((worker) => worker.group === group.name && worker.usable && !worker.cordoned).length < group.max,
      );
  }

  /** The pool's queue. Its launches get their slots through {@link takeQueued}. */
  queue(key: string): LaunchQueue<Slot> {
    const queue = this.#queues.get(key) ?? new LaunchQueue<Slot>(this.#deps.clock);
    this.#queues.set(key, queue);
    return queue;
  }

  awaited(key: string): boolean {
    return (this.#queues.get(key)?.length ?? 0) > 0;
  }

  queued(key: string): ReadonlyMap<string, number> {
    return this.#queues.get(key)?.byWant() ?? new Map();
  }

  /** A slot for a queued launch, with the current version of the pool. */
  takeQueued(key: string, preset: string | undefined): Slot | undefined {
    const pool = this.#deps.findPool(key);
    return pool === undefined ? undefined : this.#pickEndpoint(pool, preset, noneTried);
  }

  /** The slot of a session that ends in favour of a launch; undefined if its worker cannot take the launch. */
  takeNext(pool: PoolConfig, preset: string | undefined, worker: Worker): Slot | undefined {
    if (!wantedOf(pool, preset, noneTried).groups.includes(worker.group)) return undefined;
    const reservation = worker.reserveOccupied();
    const warm = worker.record.warm || (preset !== undefined && worker.hasServed(preset));
    return reservation && { ...reservation, worker, warm };
  }

  /** Must be called whenever a slot of the pool may have become free. */
  wake(key: string): void {
    this.#queues.get(key)?.wake();
  }

  /** Refuses all queued launches of the pool, and removes its queue. */
  close(key: string, error: Error): void {
    this.#queues.get(key)?.close(error);
    this.#queues.delete(key);
  }

  closeAll(error: Error): void {
    for (const key of [...this.#queues.keys()]) this.close(key, error);
  }

  /** Whether the pool has reached `limits.maxSessions`, launches under way included. */
  atSessionLimit(pool: PoolConfig): boolean {
    const { maxSessions } = pool.limits;
    if (maxSessions === undefined) return false;
    let sessions = this.#deps.elsewhere?.(poolKey(pool)) ?? 0;
    for (const { reservations } of this.#deps.workers.ofPool(poolKey(pool)))
      sessions += reservations.sessions + reservations.reserved;
    return sessions >= maxSessions;
  }

  #pickEndpoint(pool: PoolConfig, preset: string | undefined, tried: ReadonlySet<string>): Slot | undefined {
    if (this.atSessionLimit(pool)) return undefined;
    const picked = pickEndpoint(this.#deps.workers.endpoints(poolKey(pool)), wantedOf(pool, preset, tried));
    const reservation = picked?.worker.reserve();
    return picked === undefined || reservation === undefined ? undefined : { ...reservation, ...picked };
  }
}

function wantedOf(pool: PoolConfig, preset: string | undefined, tried: ReadonlySet<string>): Wanted {
  return { groups: pool.groups.filter((group) => groupServes(group, preset)).map(({ name }) => name), preset, tried };
}
