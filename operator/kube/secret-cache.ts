import type { V1Secret } from "@kubernetes/client-node";
import type { Clock } from "../runtime/clock.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { ExpiringMap } from "../runtime/expiring-map.ts";
import type { KubeClient } from "./client.ts";
import { secrets } from "./resource-types.ts";
import { type Json, keyOf, type ObjectRef } from "./types.ts";

/** Longest time that a caller waits for the API server. */
const READ_TIMEOUT_MS = 2_000;
const MAX_SECRETS = 10_000;

/** The values of a Secret by key, decoded. */
export type SecretValues = ReadonlyMap<string, string>;

/** Reads one Secret. @returns undefined if it does not exist. */
export type ReadSecret = (ref: ObjectRef, signal: AbortSignal) => Promise<SecretValues | undefined>;

export function secretReader(client: Pick<KubeClient, "get">): ReadSecret {
  return async (ref, signal) => {
    const secret = await client.get<Json<V1Secret>>(secrets, ref, { signal });
    const decoded = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
    return secret && new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, decoded(value)]));
  };
}

export interface SecretRead<View> {
  /** What the last successful read found; undefined if the Secret does not exist, or was never read. */
  readonly view: View | undefined;
  /** Why the last read failed; undefined if it succeeded. */
  readonly error: Error | undefined;
}

export interface SecretCacheOptions<View> {
  readonly read: ReadSecret;
  readonly clock: Clock;
  /** The part of a Secret that is kept in memory. Its values have no white space around them. */
  readonly view: (values: SecretValues) => View;
  /** How long a view counts that has what the caller needs. */
  readonly keepMs: number;
  /** Pause before a Secret is read again if the read failed, or if its view lacks what the caller needs. */
  readonly retryMs: number;
}

interface CachedSecret<View> {
  last: SecretRead<View>;
  readMs: number;
  reading: Promise<SecretRead<View>> | undefined;
}

/**
 * Reads Secrets when they are needed and keeps a view of each, so that no right to list or watch Secrets is needed.
 * If the API server does not answer, the last view stays: an outage revokes nothing. Only the first callers wait for it.
 */
export class SecretCache<View> {
  readonly #options: SecretCacheOptions<View>;
  readonly #entries: ExpiringMap<string, CachedSecret<View>>;

  constructor(options: SecretCacheOptions<View>) {
    this.#options = options;
    this.#entries = new ExpiringMap({ clock: options.clock, max: MAX_SECRETS });
  }

  /** @param suffices whether the view has what the caller needs. */
  async get(ref: ObjectRef, suffices: (view: View) => boolean): Promise<SecretRead<View>> {
    const { clock, keepMs, retryMs } = this.#options;
    const entry = this.#entry(ref);
    const { view, error } = entry.last;
    const useful = view !== undefined && suffices(view);
    if (clock.now() - entry.readMs < (useful && error === undefined ? keepMs : retryMs)) return entry.last;
    entry.reading ??= this.#read(entry, ref);
    return useful && error !== undefined ? entry.last : entry.reading;
  }

  /** The view of the last successful read, without a new read. */
  last(ref: ObjectRef): View | undefined {
    return this.#entries.get(keyOf(ref))?.last.view;
  }

  #entry(ref: ObjectRef): CachedSecret<View> {
    const key = keyOf(ref);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const entry = { last: { view: undefined, error: undefined }, readMs: Number.NEGATIVE_INFINITY, reading: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  /** Never throws. */
  async #read(entry: CachedSecret<View>, ref: ObjectRef): Promise<SecretRead<View>> {
    const { clock, read, view } = this.#options;
    try {
      const values = await withDeadline(clock, READ_TIMEOUT_MS, (signal) => read(ref, signal));
      const trimmed = values && new Map([...values].map(([key, value]) => [key, value.trim()]));
      entry.last = { view: trimmed && view(trimmed), error: undefined };
    } catch (error) {
      entry.last = { view: entry.last.view, error: error instanceof Error ? error : new Error(String(error)) };
    }
    entry.readMs = clock.now();
    entry.reading = undefined;
    return entry.last;
  }
}
