import type { Logger } from "../telemetry/logger.ts";
import { InformerScope } from "./informer-scope.ts";
import { IndexedStore, type Indexes, type Store } from "./store.ts";
import type { KubeObject, ObjectKey } from "./types.ts";
import { type RestartCause, runWatcher, type WatcherOptions } from "./watcher.ts";

export interface InformerOptions<Raw extends KubeObject, T> extends Omit<WatcherOptions, "namespace" | "sink"> {
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /**
   * The projection of an object that the store keeps; a small projection keeps a large cache small. Undefined omits the object.
   * An error omits the object too and is logged once for each version of the object. `before` is the item in the store, so that
   * a projection can keep what has not changed.
   */
  readonly transform: (raw: Raw, before: T | undefined) => T | undefined;
  readonly indexes?: Indexes<T>;
  readonly logger: Logger;
  /** Interval in which the handlers receive every key again. Default: 10 minutes. */
  readonly resyncMs?: number;
  readonly onRestart?: (cause: RestartCause) => void;
}

/** `before` is undefined for a new item, `after` for a deleted item. Both are the same item in a resync. */
export type ChangeHandler<T> = (key: ObjectKey, after: T | undefined, before: T | undefined) => void;

const defaultResyncMs = 10 * 60_000;
/** Longer than a watcher's longest back-off: while the API server is unavailable, at least one attempt fails within this time. */
const behindMs = 60_000;

/**
 * A store that follows the objects of one kind, and handlers that receive the changed keys.
 *
 * Expected flow: register handlers, `run`, await `whenSynced`, read `store`.
 *
 * Guarantees
 * - The store never contains half a list: a list takes effect in one step, before the handlers run.
 * - Handlers run after the store has changed, and receive every difference after a gap, deletions included.
 * - Every `resyncMs` the handlers receive every key, so that a lost key is recovered.
 *
 * Caveats
 * - The store lags behind the server. Handlers block the watch, so they should only enqueue keys.
 *
 * Errors: `run` throws none. Errors of a handler or `transform` are logged; for failures of the API see `runWatcher`.
 */
export class Informer<T> {
  readonly #options: InformerOptions<never, T>;
  readonly #store: IndexedStore<T>;
  readonly #scopes: readonly InformerScope<T>[];
  readonly #handlers = new Set<ChangeHandler<T>>();
  readonly #whenSynced = Promise.withResolvers<void>();
  #synced = false;

  constructor(options: InformerOptions<never, T>) {
    this.#options = options;
    this.#store = new IndexedStore(options.indexes);
    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    this.#scopes = namespaces.map(
      (namespace) =>
        new InformerScope<T>({
          ...options,
          kind: options.type.kind,
          namespace,
          store: this.#store,
          notify: (key, after, before) => this.#notify(key, after, before),
          onCommit: () => this.#noteSynced(),
          onRestart: (cause) => options.onRestart?.(cause),
        }),
    );
  }

  get store(): Store<T> {
    return this.#store;
  }

  /** True once every namespace has been listed. */
  get synced(): boolean {
    return this.#synced;
  }

  /** Whether the view may be stale: a watch failed in the last minute, without a later success. */
  get behind(): boolean {
    return this.#scopes.some(({ failedMs }) => this.#options.clock.now() - failedMs < behindMs);
  }

  /** Resolves once `synced`. Rejects with the signal's reason if the signal aborts first. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#whenSynced.promise;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) return onAbort();
      signal.addEventListener("abort", onAbort, { once: true });
      void this.#whenSynced.promise.then(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }

  /** @returns a function that removes the handler. */
  onChange(handler: ChangeHandler<T>): () => void {
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Follows the objects until the signal aborts. Must be called once. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, resyncMs = defaultResyncMs } = this.#options;
    let resync = clock.schedule(resyncMs, () => tick());
    const tick = () => {
      resync = clock.schedule(resyncMs, tick);
      this.#resync();
    };
    const watch = (scope: InformerScope<T>) => runWatcher({ ...this.#options, namespace: scope.namespace, sink: scope }, signal);
    await Promise.all(this.#scopes.map(watch));
    resync.cancel();
  }

  #resync(): void {
    // A copy, because the store may change while a handler runs.
    for (const key of [...this.#store.keys()]) {
      const item = this.#store.get(key);
      if (item !== undefined) this.#notify(key, item, item);
    }
  }

  #notify(key: ObjectKey, after: T | undefined, before: T | undefined): void {
    for (const handler of this.#handlers) {
      try {
        handler(key, after, before);
      } catch (error) {
        this.#options.logger.error({ kind: this.#options.type.kind, key, err: error }, "change handler failed");
      }
    }
  }

  #noteSynced(): void {
    if (this.#synced || !this.#scopes.every((scope) => scope.listed)) return;
    this.#synced = true;
    this.#whenSynced.resolve();
  }
}
