import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../telemetry/logger.ts";
import { KubeError } from "./errors.ts";
import type { IndexedStore } from "./store.ts";
import { type KubeObject, keyOf, type ObjectKey } from "./types.ts";
import type { RestartCause, WatcherSink } from "./watcher.ts";

export interface InformerScopeOptions<T> {
  readonly kind: string;
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined;
  /** Store of all scopes of an informer. Each scope writes only keys of its namespace. */
  readonly store: IndexedStore<T>;
  readonly transform: (raw: never, before: T | undefined) => T | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notify: (key: ObjectKey, after: T | undefined, before: T | undefined) => void;
  readonly onCommit: () => void;
  readonly onRestart: (cause: RestartCause) => void;
}

interface Change<T> {
  readonly key: ObjectKey;
  readonly after: T | undefined;
  readonly before: T | undefined;
}

/** Limit on remembered versions of rejected objects. Beyond it, an object is logged again after each list. */
const maxRefused = 1_000;

/** One namespace of an informer: applies the watcher's events to the store and notifies the handlers. */
export class InformerScope<T> implements WatcherSink {
  readonly #options: InformerScopeOptions<T>;
  /** Items of the list in progress, without the pages that contained them. Unchanged objects have no item. */
  #staged = new Map<ObjectKey, Staged<T>>();
  /** Versions of objects for which `transform` failed, so that each is logged once. */
  readonly #refused = new Map<ObjectKey, string>();
  #listed = false;
  #failedMs = Number.NEGATIVE_INFINITY;

  constructor(options: InformerScopeOptions<T>) {
    this.#options = options;
  }

  get namespace(): string | undefined {
    return this.#options.namespace;
  }

  /** True after the first complete list. */
  get listed(): boolean {
    return this.#listed;
  }

  /** Unix time in ms of the last failure of a watch or list without a later success. */
  get failedMs(): number {
    return this.#failedMs;
  }

  begin(): void {
    this.#staged = new Map();
  }

  page(objects: readonly KubeObject[]): void {
    for (const raw of objects) {
      const named = this.#identify(raw);
      if (named === undefined) continue;
      const { key, resourceVersion } = named;
      if (this.#options.store.resourceVersionOf(key) === resourceVersion) this.#staged.set(key, { kind: "unchanged" });
      else this.#staged.set(key, { kind: "changed", item: this.#transform(raw, key, resourceVersion), resourceVersion });
    }
  }

  commit(): void {
    const { store } = this.#options;
    const changes: Change<T>[] = [];
    for (const key of [...store.keys()]) {
      if (this.#owns(key) && !this.#staged.has(key)) this.#put(changes, key, undefined, "");
    }
    for (const [key, staged] of this.#staged) {
      if (staged.kind === "changed") this.#put(changes, key, staged.item, staged.resourceVersion);
    }
    for (const key of this.#refused.keys()) if (!this.#staged.has(key)) this.#refused.delete(key);
    this.#staged = new Map();
    this.#listed = true;
    this.#cameThrough();
    this.#options.onCommit();
    this.#notify(changes);
  }

  changed(raw: KubeObject): void {
    this.#cameThrough();
    const named = this.#identify(raw);
    if (named === undefined) return;
    const changes: Change<T>[] = [];
    this.#put(changes, named.key, this.#transform(raw, named.key, named.resourceVersion), named.resourceVersion);
    this.#notify(changes);
  }

  deleted(raw: KubeObject): void {
    this.#cameThrough();
    const named = this.#identify(raw);
    if (named === undefined) return;
    this.#refused.delete(named.key);
    const changes: Change<T>[] = [];
    this.#put(changes, named.key, undefined, "");
    this.#notify(changes);
  }

  restart(cause: RestartCause, error: unknown, delayMs: number): void {
    const { kind, namespace, logger, clock, onRestart } = this.#options;
    if (error !== undefined) this.#failedMs = clock.now();
    const details = { kind, namespace, cause, delayMs: Math.round(delayMs) };
    if (error === undefined) logger.debug(details, "watch ended, restarting");
    // A KubeError's message is sufficient; the stack of a broken connection is noise.
    else if (error instanceof KubeError) logger.warn({ ...details, error: error.message }, "watch or list failed, retrying");
    else logger.error({ ...details, err: error }, "watch or list failed by an internal error, retrying");
    onRestart(cause);
  }

  #cameThrough(): void {
    this.#failedMs = Number.NEGATIVE_INFINITY;
  }

  /** Stores or removes one item and records the change, if any. */
  #put(changes: Change<T>[], key: ObjectKey, after: T | undefined, resourceVersion: string): void {
    const { store } = this.#options;
    const before = store.get(key);
    if (after === undefined) store.delete(key);
    else store.set(key, after, resourceVersion);
    if (after !== undefined || before !== undefined) changes.push({ key, after, before });
  }

  #notify(changes: readonly Change<T>[]): void {
    for (const { key, after, before } of changes) this.#options.notify(key, after, before);
  }

  #identify(raw: KubeObject): { readonly key: ObjectKey; readonly resourceVersion: string } | undefined {
    const { namespace, name, resourceVersion } = raw?.metadata ?? {};
    if (typeof name === "string" && typeof resourceVersion === "string")
      return { key: keyOf({ namespace, name }), resourceVersion };
    this.#options.logger.error(
      { kind: this.#options.kind, namespace, object: name },
      "object without name or resourceVersion ignored",
    );
    return undefined;
  }

  #transform(raw: KubeObject, key: ObjectKey, resourceVersion: string): T | undefined {
    try {
      // Often half of an object, and unused by this product.
      delete raw.metadata?.managedFields;
      // The caller chooses the type of the kind. The API server guarantees the shape.
      const item = this.#options.transform(raw as never, this.#options.store.get(key));
      this.#refused.delete(key);
      return item;
    } catch (error) {
      if (this.#refused.get(key) === resourceVersion) return undefined;
      if (this.#refused.size < maxRefused) this.#refused.set(key, resourceVersion);
      this.#options.logger.error({ kind: this.#options.kind, key, resourceVersion, err: error }, "malformed object ignored");
      return undefined;
    }
  }

  #owns(key: ObjectKey): boolean {
    const { namespace } = this.#options;
    return namespace === undefined || key.startsWith(`${namespace}/`);
  }
}

type Staged<T> =
  | { readonly kind: "unchanged" }
  | { readonly kind: "changed"; readonly item: T | undefined; readonly resourceVersion: string };
