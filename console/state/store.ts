/** A value with listeners. */
export class Store<T> {
  readonly #listeners = new Set<() => void>();
  readonly #schedule: (notify: () => void) => void;
  #value: T;
  #scheduled = false;

  /** @param schedule defers the calls to the listeners, so that many changes cause one. */
  constructor(value: T, schedule: (notify: () => void) => void) {
    this.#value = value;
    this.#schedule = schedule;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A function of the browser, such as queueMicrotask, rejects another receiver than the page.
    const schedule = this.#schedule;
    schedule(() => {
      this.#scheduled = false;
      for (const listener of this.#listeners) listener();
    });
  }

  /** @returns a function that ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
