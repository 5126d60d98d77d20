import { type Backoff, fullJitterMs } from "../runtime/backoff.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import { sleep } from "../runtime/sleep.ts";
import type { KubeClient } from "./client.ts";
import { isGone, KubeError } from "./errors.ts";
import type { KubeObject, ResourceType } from "./types.ts";

/**
 * State of the watcher.
 * - `listing`: reads all objects in pages. After a continue token has expired, `paged` is false: it reads all objects at once.
 * - `watching`: follows the changes after `resourceVersion`.
 * - `waiting`: a request failed. The watcher continues with `next` after `delayMs`.
 */
export type WatcherState =
  | { readonly name: "listing"; readonly paged: boolean }
  | { readonly name: "watching"; readonly resourceVersion: string }
  | { readonly name: "waiting"; readonly delayMs: number; readonly next: WatcherState };

/** Why a watch or list ended: a closed set, since it is a metric label. */
export type RestartCause = "ended" | "cut" | "gone" | "throttled" | "denied" | "malformed" | "failed";

export interface WatcherOptions {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly type: ResourceType;
  /** Undefined for all namespaces. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly sink: WatcherSink;
}

/** Receives the watcher's events in order. Must not throw. */
export interface WatcherSink {
  /** A list begins. Pages of an earlier, unfinished list are discarded. */
  begin(): void;
  page(objects: readonly KubeObject[]): void;
  /** The list is complete: objects that it did not contain do not exist. */
  commit(): void;
  changed(object: KubeObject): void;
  deleted(object: KubeObject): void;
  restart(cause: RestartCause, error: unknown, delayMs: number): void;
}

/** A page is in memory as text and as objects: with pages of 500, ten thousand pods took 94 MB more and were not faster. */
const pageSize = 100;
const backoff: Backoff = { baseMs: 500, maxMs: 30_000 };
/** Upper limit on an accepted `Retry-After`. */
const maxRetryAfterMs = 120_000;
/** A watch that ends earlier without an event counts as failed, so that the back-off protects a server that closes watches at once. */
const briefWatchMs = 5_000;
const minWatchSeconds = 300;
const maxWatchSeconds = 600;

/**
 * Reports the objects of one kind in one namespace and their changes to the sink, until the signal aborts.
 *
 * Expected flow: `listing` -> `watching` -> (the server ends the watch after 5 to 10 minutes) -> `watching` …
 *
 * Guarantees
 * - After every commit the sink has received a state that existed, and after it every change or a later state.
 * - A quiet watch stays open; bookmarks keep its resourceVersion fresh.
 * - It never gives up: every error leads to `waiting` and then to another attempt.
 *
 * Caveats
 * - Changes between a failure and the next list are merged. Deletions then appear only as absence from the list.
 * - Objects may lag behind the server; writers must compare resourceVersions.
 *
 * Errors
 * - A closed connection, an ended or incomplete stream: watch again from the last resourceVersion.
 * - 410 as the status or in the stream, a resourceVersion that the server does not have (a restored etcd), or a malformed
 *   line: list again.
 * - All other errors: repeat the step. Every retry follows a full-jitter back-off of at most 30 s and `Retry-After`.
 */
export async function runWatcher(options: WatcherOptions, signal: AbortSignal): Promise<void> {
  const watcher = new Watcher(options, signal);
  let state: WatcherState = { name: "listing", paged: true };
  while (!signal.aborted) state = await watcher.step(state);
}

class Watcher {
  readonly #options: WatcherOptions;
  readonly #signal: AbortSignal;
  /** Failures since the last successful list or event. */
  #failures = 0;

  constructor(options: WatcherOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Executes the state and returns the next one. */
  async step(state: WatcherState): Promise<WatcherState> {
    switch (state.name) {
      case "listing":
        return this.#list(state.paged);
      case "watching":
        return this.#watch(state.resourceVersion);
      case "waiting":
        await sleep(this.#options.clock, state.delayMs, this.#signal);
        return state.next;
    }
  }

  async #list(paged: boolean): Promise<WatcherState> {
    const { client, type, sink } = this.#options;
    try {
      sink.begin();
      let token: string | undefined;
      for (;;) {
        const page = await client.list(type, {
          ...this.#scope(),
          ...(paged && { limit: pageSize }),
          ...(token !== undefined && { continue: token }),
          signal: this.#signal,
        });
        sink.page(page.items);
        token = page.continue;
        if (token !== undefined) continue;
        sink.commit();
        this.#failures = 0;
        return { name: "watching", resourceVersion: page.resourceVersion };
      }
    } catch (error) {
      return this.#failed(error, { name: "listing", paged: paged && !isGone(error) });
    }
  }

  async #watch(from: string): Promise<WatcherState> {
    const { client, type, clock, random } = this.#options;
    const openedMs = clock.now();
    let resourceVersion = from;
    try {
      const timeoutSeconds = Math.floor(minWatchSeconds + random() * (maxWatchSeconds - minWatchSeconds));
      const watch = client.watch(type, { ...this.#scope(), resourceVersion, timeoutSeconds, signal: this.#signal });
      for await (const event of watch) {
        this.#failures = 0;
        resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
        if (event.type === "DELETED") this.#options.sink.deleted(event.object);
        else if (event.type !== "BOOKMARK") this.#options.sink.changed(event.object);
      }
    } catch (error) {
      if (mustList(error)) return this.#failed(error, { name: "listing", paged: true });
      return this.#failed(error, { name: "watching", resourceVersion });
    }
    const next: WatcherState = { name: "watching", resourceVersion };
    if (resourceVersion === from && clock.now() - openedMs < briefWatchMs) return this.#failed(undefined, next);
    this.#options.sink.restart("ended", undefined, 0);
    return next;
  }

  #scope() {
    const { namespace, labelSelector } = this.#options;
    return { ...(namespace !== undefined && { namespace }), ...(labelSelector !== undefined && { labelSelector }) };
  }

  #failed(error: unknown, next: WatcherState): WatcherState {
    if (this.#signal.aborted) return next;
    const askedMs = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
    const retryAfterMs = Math.min(askedMs, maxRetryAfterMs);
    const delayMs = retryAfterMs + fullJitterMs(this.#failures++, backoff, this.#options.random);
    this.#options.sink.restart(error === undefined ? "ended" : causeOf(error), error, delayMs);
    return { name: "waiting", delayMs, next };
  }
}

/** Whether a watch from the last resourceVersion cannot succeed or could miss changes. */
function mustList(error: unknown): boolean {
  if (!(error instanceof KubeError) || error.reason === "Malformed") return true;
  if (error.message.includes("Too large resource version")) return true;
  return error.status >= 400 && error.status < 500 && !patienceHelps.has(error.status);
}

/** Statuses that are unrelated to the resourceVersion: unauthenticated, forbidden, timeout, too many requests. */
const patienceHelps: ReadonlySet<number> = new Set([401, 403, 408, 429]);

function causeOf(error: unknown): RestartCause {
  if (!(error instanceof KubeError)) return "failed";
  if (error.reason === "Malformed") return "malformed";
  if (error.status === 0) return "cut";
  if (error.status === 410) return "gone";
  if (error.status === 429) return "throttled";
  if (error.status === 401 || error.status === 403) return "denied";
  return "failed";
}
