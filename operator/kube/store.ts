import type { ObjectKey } from "./types.ts";

/** Functions that compute an item's index values, such as the pool of a pod. They are pure and must not throw. */
export type Indexes<T> = Readonly<Record<string, (item: T) => readonly string[]>>;

export interface Store<T> {
  get(key: ObjectKey): T | undefined;
  values(): IterableIterator<T>;
  /** Items with the value in the index, in unspecified order. */
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

interface StoredItem<T> {
  readonly item: T;
  readonly resourceVersion: string;
}

/**
 * Items by key with secondary indexes. It retains the items only, not the objects that they were projected from.
 * Only the informer writes to it.
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

  /** @throws RangeError for an undeclared index, which is a bug. */
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
