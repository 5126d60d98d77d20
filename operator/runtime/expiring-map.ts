import type { Clock } from "./clock.ts";

export interface ExpiringMapOptions<Key> {
  readonly clock: Clock;
  /** How long an entry is kept after it was set. */
  readonly forMs: number;
  /** Most entries: the oldest go first. */
  readonly max: number;
  /** Called with each key that went by its age, or to make room. */
  readonly onExpired?: (key: Key) => void;
}

interface Entry<Key, Value> {
  readonly key: Key;
  readonly value: Value;
  readonly setMs: number;
}

/** Entries in the queue that are gone already, before it is made anew. */
const MAX_GONE = 1_000;

/**
 * A map that forgets what is old. Its entries stand in a queue as well: the oldest of a plain Map is found by walking over all
 * that was deleted before it, which with tens of thousands of entries takes longer than everything else that is done with them.
 */
export class ExpiringMap<Key, Value> {
  readonly #options: ExpiringMapOptions<Key>;
  readonly #entries = new Map<Key, Entry<Key, Value>>();
  /** Oldest first, from `#first` on; with some that were deleted or set again. */
  #queue: Entry<Key, Value>[] = [];
  #first = 0;

  constructor(options: ExpiringMapOptions<Key>) {
    this.#options = options;
  }

  get size(): number {
    this.forgetOld();
    return this.#entries.size;
  }

  /** Undefined also for what is too old. */
  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || this.#isOld(entry) ? undefined : entry.value;
  }

  /** What is set again begins anew. */
  set(key: Key, value: Value): void {
    const entry = { key, value, setMs: this.#options.clock.now() };
    this.#entries.set(key, entry);
    this.#queue.push(entry);
    this.forgetOld();
    if (this.#queue.length <= 2 * this.#entries.size + MAX_GONE) return;
    this.#queue = this.#queue.slice(this.#first).filter((queued) => this.#isCurrent(queued));
    this.#first = 0;
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  *keys(): Iterable<Key> {
    this.forgetOld();
    yield* this.#entries.keys();
  }

  /** Whatever is old goes now, and not only when something is set. */
  forgetOld(): void {
    for (let oldest = this.#queue[this.#first]; oldest !== undefined; oldest = this.#queue[this.#first]) {
      const current = this.#isCurrent(oldest);
      if (current && !this.#isOld(oldest) && this.#entries.size <= this.#options.max) return;
      this.#first += 1;
      if (!current) continue;
      this.#entries.delete(oldest.key);
      this.#options.onExpired?.(oldest.key);
    }
  }

  #isCurrent(entry: Entry<Key, Value>): boolean {
    return this.#entries.get(entry.key) === entry;
  }

  #isOld({ setMs }: Entry<Key, Value>): boolean {
    return this.#options.clock.now() - setMs >= this.#options.forMs;
  }
}
