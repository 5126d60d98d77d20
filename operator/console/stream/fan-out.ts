import type { DecisionMark, FleetRow, HistorySample, WorkerTile } from "../../api/console.ts";
import type { ObjectKey } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ConsoleSource, PoolPicture } from "../source.ts";
import type { PoolChanges } from "./events.ts";

/** Changes within this time are sent together, so that there are at most four events a second. */
const INTERVAL_MS = 250;
/** A change after a silence waits only for the changes that accompany it. */
const FIRST_MS = 20;

export interface Subscriber {
  /** Pools with details. */
  readonly pools: readonly ObjectKey[];
  onFleet(rows: ReadonlyMap<ObjectKey, FleetRow>, removed: readonly ObjectKey[]): void;
  /** Undefined if the pool does not exist any more. */
  onPool(pool: ObjectKey, changes: PoolChanges | undefined): void;
  onHistory(pool: ObjectKey, added: Added): void;
}

export interface Added {
  readonly decisions: readonly DecisionMark[];
  readonly sample?: HistorySample;
}

/**
 * Compares the source with what was sent, once for all streams. All streams are at the same state: a new one begins with the
 * state that was last sent, and receives the same changes as the others.
 */
export class FanOut {
  readonly #source: ConsoleSource;
  readonly #clock: Clock;
  readonly #subscribers = new Set<Subscriber>();
  #fleet: ReadonlyMap<ObjectKey, FleetRow> = new Map();
  readonly #pictures = new Map<ObjectKey, PoolPicture>();
  readonly #changed = new Set<ObjectKey>();
  #timer: { cancel(): void } | undefined;
  #flushedMs = 0;
  #unsubscribe: readonly (() => void)[] = [];

  constructor({ source, clock }: { readonly source: ConsoleSource; readonly clock: Clock }) {
    this.#source = source;
    this.#clock = clock;
  }

  /** The rows at the state that was last sent. */
  get fleet(): ReadonlyMap<ObjectKey, FleetRow> {
    return this.#subscribers.size === 0 ? this.#source.fleet() : this.#fleet;
  }

  /** The whole pool at the state that was last sent, for a subscriber of it; undefined if there is no such pool. */
  complete(pool: ObjectKey): PoolChanges | undefined {
    const picture = this.#pictures.get(pool);
    return picture && { complete: true, summary: picture.summary, workers: [...picture.workers.values()], removed: [] };
  }

  /** @returns a function that ends the subscription. */
  subscribe(subscriber: Subscriber): () => void {
    if (this.#subscribers.size === 0) this.#start();
    this.#subscribers.add(subscriber);
    for (const pool of subscriber.pools) if (!this.#pictures.has(pool)) this.#load(pool);
    return () => {
      if (!this.#subscribers.delete(subscriber)) return;
      for (const pool of subscriber.pools) if (!this.#isWanted(pool)) this.#pictures.delete(pool);
      if (this.#subscribers.size === 0) this.#stop();
    };
  }

  #start(): void {
    this.#fleet = this.#source.fleet();
    this.#unsubscribe = [
      this.#source.onChange((pool) => this.#note(pool)),
      this.#source.onHistory((pool, added) => {
        for (const subscriber of this.#of(pool)) subscriber.onHistory(pool, added);
      }),
    ];
  }

  /** Without a stream, the console costs nothing. */
  #stop(): void {
    for (const end of this.#unsubscribe) end();
    this.#unsubscribe = [];
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#changed.clear();
    this.#fleet = new Map();
  }

  #load(pool: ObjectKey): void {
    const picture = this.#source.pool(pool);
    if (picture !== undefined) this.#pictures.set(pool, picture);
  }

  #isWanted(pool: ObjectKey): boolean {
    return this.#of(pool).length > 0;
  }

  #of(pool: ObjectKey): readonly Subscriber[] {
    return [...this.#subscribers].filter(({ pools }) => pools.includes(pool));
  }

  #note(pool: ObjectKey): void {
    this.#changed.add(pool);
    if (this.#timer !== undefined) return;
    const delayMs = Math.max(FIRST_MS, this.#flushedMs + INTERVAL_MS - this.#clock.now());
    this.#timer = this.#clock.schedule(delayMs, () => this.#flush());
  }

  #flush(): void {
    this.#timer = undefined;
    this.#flushedMs = this.#clock.now();
    const changed = [...this.#changed];
    this.#changed.clear();
    this.#flushFleet();
    for (const pool of changed) this.#flushPool(pool);
  }

  #flushFleet(): void {
    const before = this.#fleet;
    const after = this.#source.fleet();
    this.#fleet = after;
    const rows = new Map([...after].filter(([key, row]) => before.get(key) !== row));
    const removed = [...before.keys()].filter((key) => !after.has(key));
    if (rows.size === 0 && removed.length === 0) return;
    for (const subscriber of [...this.#subscribers]) subscriber.onFleet(rows, removed);
  }

  #flushPool(pool: ObjectKey): void {
    const subscribers = this.#of(pool);
    if (subscribers.length === 0) return;
    const before = this.#pictures.get(pool);
    const after = this.#source.pool(pool);
    if (after === undefined) this.#pictures.delete(pool);
    else this.#pictures.set(pool, after);
    if (before === undefined && after === undefined) return;
    const changes = after === undefined || before === undefined ? this.complete(pool) : changesOf(before, after);
    if (changes === "none") return;
    for (const subscriber of subscribers) subscriber.onPool(pool, changes);
  }
}

function changesOf(before: PoolPicture, after: PoolPicture): PoolChanges | "none" {
  const { summary } = after;
  const sameWorkers = before.workers === after.workers;
  const workers = sameWorkers ? [] : [...after.workers].flatMap(([uid, tile]) => (before.workers.get(uid) === tile ? [] : [tile]));
  const removed = sameWorkers ? [] : gone(before.workers, after.workers);
  if (before.summary === summary && workers.length === 0 && removed.length === 0) return "none";
  return { complete: false, summary, workers, removed };
}

function gone(before: ReadonlyMap<string, WorkerTile>, after: ReadonlyMap<string, WorkerTile>): readonly string[] {
  return [...before.keys()].filter((uid) => !after.has(uid));
}
