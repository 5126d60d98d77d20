import type { KubeObject, ObjectKey } from "../../kube/types.ts";
import { keyOf } from "../../kube/types.ts";
import type { RestartCause, WatcherSink } from "../../kube/watcher.ts";

/** The pools that a watch shows now. Tells its listener after each change. */
export class WatchedPools implements WatcherSink {
  /** Undefined until the first list is complete. */
  pools: ReadonlyMap<ObjectKey, KubeObject> | undefined;
  /** Why the view may be out of date; undefined while the watch is connected. */
  stale: string | undefined;
  /** The first failure before anything was shown. */
  failure: unknown;
  #listed = new Map<ObjectKey, KubeObject>();
  readonly #matches: (object: KubeObject) => boolean;
  readonly #changed: () => void;

  constructor(matches: (object: KubeObject) => boolean, changed: () => void) {
    this.#matches = matches;
    this.#changed = changed;
  }

  begin(): void {
    this.#listed = new Map();
  }

  page(objects: readonly KubeObject[]): void {
    for (const object of objects) if (this.#matches(object)) this.#listed.set(keyOf(object.metadata ?? {}), object);
  }

  commit(): void {
    this.#set(this.#listed);
  }

  changed(object: KubeObject): void {
    if (!this.#matches(object)) return;
    this.#set(new Map(this.pools).set(keyOf(object.metadata ?? {}), object));
  }

  deleted(object: KubeObject): void {
    const left = new Map(this.pools);
    if (left.delete(keyOf(object.metadata ?? {}))) this.#set(left);
  }

  restart(cause: RestartCause, error: unknown, delayMs: number): void {
    if (cause === "ended") return;
    const reason = error instanceof Error ? error.message : String(error);
    this.stale = `${reason}; retrying in ${Math.ceil(delayMs / 1_000)}s`;
    if (this.pools === undefined) this.failure ??= error;
    this.#changed();
  }

  #set(pools: ReadonlyMap<ObjectKey, KubeObject>): void {
    this.pools = pools;
    this.stale = undefined;
    this.#changed();
  }
}
