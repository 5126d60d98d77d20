import type { ObjectKey } from "./types.ts";

/** Functions that name an item's values by which it is found, such as the pool of a pod. Pure, and must not throw. */
export type Indexes<T> = Readonly<Record<string, (item: T) => readonly string[]>>;

/** What readers of an informer see. */
export interface Store<T> {
  get(key: ObjectKey): T | undefined;
  values(): IterableIterator<T>;
  /** Items that have the value in the index, in no promised order. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

interface StoredItem<T> {
  readonly item: T;
  readonly resourceVersion: string;
}

/**
 * Items by key with secondary indexes. It keeps what it is given and nothing of the objects that the items came from.
 * Not for readers: only its informer writes.
 */
export class IndexedStore<T> implements Store<T> {
  readonly #entries = new Map<ObjectKey, StoredItem<T>>();
  readonly #indexes: Indexes<T>;
  /** Index name -> value -> keys; values without keys are removed. */
  readonly #keysByValue = new Map<string, Map<string, Set<ObjectKey>>>();

  constructor(indexes: Indexes<T> = {}) {
    this.#indexes = indexes;
    for (const index of Object.keys(indexes)) this.#keysByValue.set(index, new Map());
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: ObjectKey): T | undefined {
    return this.#entries.get(key)?.item;
  }

  resourceVersionOf(key: ObjectKey): string | undefined {
    return this.#entries.get(key)?.resourceVersion;
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#entries.keys();
  }

  *values(): IterableIterator<T> {
    for (const { item } of this.#entries.values()) yield item;
  }

  /** @throws RangeError for an index that was not declared: a typing error of ours. */
  byIndex(index: string, value: string): readonly T[] {
    const keysByValue = this.#keysByValue.get(index);
    if (keysByValue === undefined) throw new RangeError(`no index "${index}"`);
    const items: T[] = [];
    for (const key of keysByValue.get(value) ?? []) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) items.push(entry.item);
    }
    return items;
  }

  set(key: ObjectKey, item: T, resourceVersion: string): void {
    this.delete(key);
    this.#entries.set(key, { item, resourceVersion });
    this.#eachIndexValue(item, (keysByValue, value) => {
      const keys = keysByValue.get(value) ?? new Set();
      keysByValue.set(value, keys.add(key));
    });
  }

  delete(key: ObjectKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#eachIndexValue(entry.item, (keysByValue, value) => {
      const keys = keysByValue.get(value);
      keys?.delete(key);
      if (keys?.size === 0) keysByValue.delete(value);
    });
  }

  #eachIndexValue(item: T, visit: (keysByValue: Map<string, Set<ObjectKey>>, value: string) => void): void {
    for (const [index, valuesOf] of Object.entries(this.#indexes)) {
      const keysByValue = this.#keysByValue.get(index);
      if (keysByValue !== undefined) for (const value of valuesOf(item)) visit(keysByValue, value);
    }
  }
}
