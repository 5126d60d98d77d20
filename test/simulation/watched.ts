import { IndexedStore, type Indexes } from "../../operator/kube/store.ts";
import { keyOf } from "../../operator/kube/types.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import type { ApiObject } from "./api-objects.ts";

type Transform<T> = (raw: never, before: T | undefined) => T | undefined;
type Handler<T> = (key: string, after: T | undefined, before: T | undefined) => void;

/** Longest delay of a watch event without faults. Events of one watch stay in order. */
const USUAL_LAG_MS = 400;

/** One reader's view of one kind: a copy that lags behind, like every informer's store. */
export class LaggingView<T> {
  readonly store: IndexedStore<T>;
  readonly synced = true;
  readonly #handlers = new Set<Handler<T>>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #transform: Transform<T>;
  #source: () => Iterable<ApiObject> = () => [];
  #lagMs = USUAL_LAG_MS;
  #lastDueMs = 0;
  /** Events of an earlier watch are ignored, because a list followed them. */
  #watch = 0;
  #connected = true;
  #closed = false;

  constructor(clock: Clock, random: Random, transform: Transform<T>, indexes: Indexes<T> = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#transform = transform;
    this.store = new IndexedStore(indexes);
  }

  onChange(handler: Handler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** The first full list, which arrives at once, and the source of later lists. */
  follow(source: () => Iterable<ApiObject>): void {
    this.#source = source;
    this.#list();
  }

  /** An event: the current object, or undefined if it was deleted. */
  changed(key: string, object: ApiObject | undefined): void {
    if (this.#closed || !this.#connected) return;
    const watch = this.#watch;
    const dueMs = Math.max(this.#lastDueMs, this.#clock.now() + this.#random() * this.#lagMs);
    this.#lastDueMs = dueMs;
    this.#clock.schedule(dueMs - this.#clock.now(), () => {
      if (watch === this.#watch) this.#deliver(key, object);
    });
  }

  /** Longest delay of events from now on; undefined: the normal delay. */
  lag(maxMs = USUAL_LAG_MS): void {
    this.#lagMs = maxMs;
  }

  /** The watch ends, and its events meanwhile are lost; then everything is listed again. */
  disconnect(forMs: number): void {
    this.#connected = false;
    const watch = ++this.#watch;
    this.#clock.schedule(forMs, () => {
      if (this.#closed || watch !== this.#watch) return;
      this.#connected = true;
      this.#list();
    });
  }

  close(): void {
    this.#closed = true;
  }

  #list(): void {
    const listed = new Map([...this.#source()].map((object) => [keyOf(object.metadata), object]));
    for (const key of [...this.store.keys()]) if (!listed.has(key)) this.#deliver(key, undefined);
    for (const [key, object] of listed) this.#deliver(key, object);
  }

  #deliver(key: string, object: ApiObject | undefined): void {
    if (this.#closed) return;
    const before = this.store.get(key);
    const after = object === undefined ? undefined : this.#transform(object as never, before);
    if (after === undefined) this.store.delete(key);
    else this.store.set(key, after, "1");
    for (const handler of this.#handlers) handler(key, after, before);
  }
}

/** A transform that runs once per version of an object, regardless of the number of readers. */
export function once<T>(transform: Transform<T>): Transform<T> {
  const known = new WeakMap<object, { readonly value: T | undefined }>();
  return (raw: object, before) => {
    let entry = known.get(raw);
    if (entry === undefined) {
      entry = { value: transform(raw as never, before) };
      known.set(raw, entry);
    }
    return entry.value;
  };
}
