import type { Clock } from "./clock.ts";

export interface ExpiringMapOptions<Key> {
  readonly clock: Clock;
  /** How long an entry is kept after it was set; infinite by default. */
  readonly ttlMs?: number;
  /** Most entries; the oldest are removed first. */
  readonly max: number;
  /** Called with each key that was removed because of its age, or because of `max`. */
  readonly onExpired?: (key: Key) => void;
}

interface TimedValue<Key, Value> {
  readonly key: Key;
  readonly value: Value;
  readonly setMs: number;
}

/** Removed entries in the queue that are tolerated before it is rebuilt. */
const MAX_REMOVED = 1_000;

/**
 * A map with a limit on its entries and on their age. Its entries are in a queue too: to find the oldest key of a plain Map, the
 * engine walks over all keys that were deleted before it, which is slow with tens of thousands of entries.
 */
export class ExpiringMap<Key, Value> {
  readonly #options: ExpiringMapOptions<Key>;
  readonly #entries = new Map<Key, TimedValue<Key, Value>>();
  /** Oldest first, from `#first` on. It also holds entries that were deleted or set again. */
  #queue: TimedValue<Key, Value>[] = [];
  #first = 0;

  constructor(options: ExpiringMapOptions<Key>) {
    this.#options = options;
  }

  get size(): number {
    this.removeExpired();
    return this.#entries.size;
  }

  /** Undefined for an expired entry too. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isExpired(entry) ? undefined : entry.value;
  }

  /** The age of a key that is set again starts anew. */
  set(key: Key, value: Value): void {
    const entry = { key, value, setMs: this.#options.clock.now() };
    this.#entries.set(key, entry);
    this.#queue.push(entry);
    this.removeExpired();
    if (this.#queue.length <= 2 * this.#entries.size + MAX_REMOVED) return;
    this.#queue = this.#queue.slice(this.#first).filter((queued) => this.#isCurrent(queued));
    this.#first = 0;
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  *keys(): Iterable<Key> {
    this.removeExpired();
    yield* this.#entries.keys();
  }

  /** Removes expired entries now; `set` does it too. */
  removeExpired(): void {
    for (let oldest = this.#queue[this.#first]; oldest !== undefined; oldest = this.#queue[this.#first]) {
      const current = this.#isCurrent(oldest);
      if (current && !this.#isExpired(oldest) && this.#entries.size <= this.#options.max) return;
      this.#first += 1;
      if (!current) continue;
      this.#entries.delete(oldest.key);
      this.#options.onExpired?.(oldest.key);
    }
  }

  #isCurrent(entry: TimedValue<Key, Value>): boolean {
    return this.#entries.get(entry.key) === entry;
  }

  #isExpired({ setMs }: TimedValue<Key, Value>): boolean {
    return this.#options.clock.now() - setMs >= (this.#options.ttlMs ?? Number.POSITIVE_INFINITY);
  }
}
