import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ExpiringMap } from "../../runtime/expiring-map.ts";
import { leastRecentlyRead, type OpenRoom } from "./rooms-to-read.ts";

const ROUND_MS = 5_000;
/** Rooms of one pool whose dispatches one round reads. */
const ROOMS_PER_ROUND = 20;
/** A worker has this time to accept a job. LiveKit offers the job to the next worker afterwards. */
const OFFER_MS = 10_000;
/** An older dispatch counts no more: its caller has given up, or another gateway has counted it. */
const MAX_AGE_MS = 300_000;
const MAX_DISPATCHES = 10_000;

/** A request for an agent in a room. */
export interface Dispatch {
  readonly id: string;
  readonly agent: string;
  readonly createdAtMs: number;
  /** Whether a worker accepted its job, now or earlier. */
  readonly taken: boolean;
}

/** The calls of LiveKit's API. Each throws if LiveKit does not answer. */
export interface DispatchApi {
  readonly rooms: (pool: PoolConfig) => Promise<readonly OpenRoom[]>;
  readonly dispatches: (pool: PoolConfig, room: string) => Promise<readonly Dispatch[]>;
}

export interface UntakenJobsDeps extends DispatchApi {
  readonly clock: Clock;
  readonly pools: () => Iterable<PoolConfig>;
  /** The names of the agents that the workers of a pool are. */
  readonly agentsOf: (pool: string) => ReadonlySet<string>;
  /** Whether this gateway, and no other, reads the dispatches of a pool. */
  readonly owns: (pool: string) => boolean;
  /** No worker took a job of the pool. */
  readonly onUntaken: (pool: string) => void;
}

/** What is known of a pool's dispatches. */
interface PoolDispatches {
  /** LiveKit's time of the first round: earlier dispatches do not count. */
  readonly sinceMs: number;
  /** When each open room was read, by its id. */
  readAtMs: ReadonlyMap<string, number>;
  /** By dispatch: when it was first seen without a worker; infinite once it has counted. */
  readonly untaken: ExpiringMap<string, number>;
  agents: ReadonlySet<string>;
  reading: boolean;
}

/**
 * Finds jobs that no worker took. LiveKit offers a job to its workers once and does not retry, and no worker reports it. So one
 * gateway lists the rooms of the pool's LiveKit server and the dispatches in them, at a limited rate. Rooms with such a dispatch
 * come first, then new rooms.
 */
export class UntakenJobs {
  readonly #deps: UntakenJobsDeps;
  /** Bounded: known pools. */
  readonly #known = new Map<string, PoolDispatches>();
  #timer: { cancel(): void } | undefined;
  #stopped = false;

  constructor(deps: UntakenJobsDeps) {
    this.#deps = deps;
  }

  /** A pool was added or changed. */
  follow(): void {
    if (this.#stopped || this.#timer !== undefined || this.#pools().length === 0) return;
    this.#timer = this.#deps.clock.schedule(ROUND_MS, () => {
      this.#timer = undefined;
      for (const pool of this.#pools()) void this.#round(pool);
      this.follow();
    });
  }

  forget(pool: string): void {
    this.#known.delete(pool);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #pools(): readonly PoolConfig[] {
    const hasJobs = ({ groups }: PoolConfig) => groups.some(({ engine }) => engine.jobs !== undefined);
    return [...this.#deps.pools()].filter((pool) => pool.livekit !== undefined && hasJobs(pool));
  }

  async #round(pool: PoolConfig): Promise<void> {
    const { clock, owns, agentsOf, rooms } = this.#deps;
    const key = poolKey(pool);
    if (!owns(key)) return this.forget(key);
    const known = this.#known.get(key) ?? this.#begin(clock.now());
    this.#known.set(key, known);
    const agents = agentsOf(key);
    // A pool without workers still has jobs.
    if (agents.size > 0) known.agents = agents;
    if (known.reading || known.agents.size === 0) return;
    known.reading = true;
    try {
      const nowMs = clock.now();
      const { due, readAtMs } = leastRecentlyRead(await rooms(pool), known.readAtMs, nowMs, ROOMS_PER_ROUND);
      known.readAtMs = readAtMs;
      for (const room of due) await this.#read(pool, room, known);
    } catch {
      // The next round retries; the calls log their failures.
    } finally {
      known.reading = false;
    }
  }

  async #read(pool: PoolConfig, { id, name }: OpenRoom, known: PoolDispatches): Promise<void> {
    const { clock, dispatches, onUntaken } = this.#deps;
    const all = await dispatches(pool, name);
    const nowMs = clock.now();
    const untaken = all.filter(
      ({ agent, taken, createdAtMs }) =>
        !taken && known.agents.has(agent) && createdAtMs >= known.sinceMs && nowMs - createdAtMs < MAX_AGE_MS,
    );
    for (const dispatch of untaken) {
      const seenMs = known.untaken.get(dispatch.id);
      if (seenMs === undefined) known.untaken.set(dispatch.id, nowMs);
      else if (nowMs - seenMs >= OFFER_MS) {
        known.untaken.set(dispatch.id, Number.POSITIVE_INFINITY);
        onUntaken(poolKey(pool));
      }
    }
    const undecided = untaken.some((dispatch) => Number.isFinite(known.untaken.get(dispatch.id)));
    if (undecided) known.readAtMs = new Map([...known.readAtMs, [id, Number.NEGATIVE_INFINITY]]);
  }

  #begin(nowMs: number): PoolDispatches {
    const { clock } = this.#deps;
    const untaken = new ExpiringMap<string, number>({ clock, ttlMs: MAX_AGE_MS, max: MAX_DISPATCHES });
    return { sinceMs: nowMs, readAtMs: new Map(), untaken, agents: new Set(), reading: false };
  }
}
