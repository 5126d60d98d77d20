import { IndexedStore, type Indexes } from "../../operator/kube/store.ts";
import { keyOf } from "../../operator/kube/types.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";

/** An object of the simulated API server, as far as anybody here reads it. */
export interface ApiObject {
  metadata: { namespace: string; name: string; uid: string; generation?: number; [field: string]: unknown };
  [field: string]: unknown;
}

type Handler<T> = (key: string, after: T | undefined, before: T | undefined) => void;

/** Longest that a watch event is on its way. Events of one watch never overtake each other. */
const MAX_LAG_MS = 400;

/** What one reader sees of one kind: a copy that lags behind, as every informer's store does. */
export class LaggingView<T> {
  readonly store: IndexedStore<T>;
  readonly synced = true;
  readonly #handlers = new Set<Handler<T>>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #transform: (raw: ApiObject) => T | undefined;
  #lastDueMs = 0;
  #closed = false;

  constructor(clock: Clock, random: Random, transform: (raw: never) => T | undefined, indexes: Indexes<T> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#transform = transform as (raw: ApiObject) => T | undefined;
    this.store = new IndexedStore(indexes);
  }

  onChange(handler: Handler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** The first full list: arrives at once. */
  list(objects: Iterable<ApiObject>): void {
    for (const object of objects) this.#deliver(keyOf(object.metadata), structuredClone(object));
  }

  /** An event: the object as it is now, or undefined when it is gone. */
  changed(key: string, object: ApiObject | undefined): void {
    const copy = structuredClone(object);
    const dueMs = Math.max(this.#lastDueMs, this.#clock.now() + this.#random() * MAX_LAG_MS);
    this.#lastDueMs = dueMs;
    this.#clock.schedule(dueMs - this.#clock.now(), () => this.#deliver(key, copy));
  }

  close(): void {
    this.#closed = true;
  }

  #deliver(key: string, object: ApiObject | undefined): void {
    if (this.#closed) return;
    const before = this.store.get(key);
    const after = object === undefined ? undefined : this.#transform(object);
    if (after === undefined) this.store.delete(key);
    else this.store.set(key, after, "1");
    for (const handler of this.#handlers) handler(key, after, before);
  }
}
