import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import { isMissingRight, KubeError, requestFailureOf } from "../../kube/errors.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { idOf, kindIdOf, quotable, type Refusal, type Target } from "./refusal.ts";

/** The first repetition of a refused request comes after this time, each further one after twice the time. */
const FIRST_RETRY_MS = 10_000;
export const LAST_RETRY_MS = 300_000;
/** An object that the API server fails to write for this long is reported as one that it refuses. */
export const FAILING_PATIENCE_MS = 30_000;
/** Refused objects of one kind that are remembered one by one. With more, the kind is left alone until the next repetition. */
const MAX_OF_A_KIND = 32;

interface HeldRequest {
  readonly refusal: Refusal;
  readonly error: unknown;
  readonly fingerprint: string;
  /** Of the pool's spec when the request was sent. */
  readonly generation: number;
  readonly tries: number;
  readonly sinceMs: number;
  readonly sentMs: number;
  /** When a reconcile last wanted the request. */
  readonly wantedMs: number;
}

export interface RefusalsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The API server has refused a request. It is not called for a request that was not sent. */
  readonly onRefused: (pool: string, refusal: Refusal) => void;
}

/**
 * What the API server refuses of each pool's requests.
 *
 * Guarantees
 * - A refused request is sent again only after a time that grows from 10 s to 5 minutes, or at once where its content or the pool's
 *   spec has changed.
 * - A missing right is remembered for the kind: one request finds out whether it was given.
 * - At most 32 objects of each kind are remembered for a pool.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #pools = new Map<string, Map<string, HeldRequest>>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /**
   * Sends a request, unless the same one was refused a short while ago: then it throws the same error again.
   * @param sent what the request carries.
   * @param fingerprint of its content.
   */
  async attempt<T>(
    pool: PoolConfig,
    target: Target,
    fingerprint: string,
    sent: object | undefined,
    send: () => Promise<T>,
  ): Promise<T> {
    const startMs = this.#options.clock.now();
    const entries = this.#of(poolKey(pool));
    const held = this.#holding(entries, pool, target, fingerprint);
    if (held !== undefined) {
      entries.set(held.id, { ...held.entry, wantedMs: startMs });
      throw held.entry.error;
    }
    try {
      const result = await send();
      entries.delete(idOf(target));
      entries.delete(kindIdOf(target));
      return result;
    } catch (error) {
      this.#note(pool, target, fingerprint, sent, error, startMs);
      throw error;
    }
  }

  /** An object that we do not touch, since it belongs to somebody else. @returns in how many milliseconds to look again. */
  foreign(pool: PoolConfig, target: Target, said: string): number {
    const startMs = this.#options.clock.now();
    const entry = this.#keep(pool, idOf(target), { ...target, status: 0, reason: "NameTaken", said }, "", undefined, startMs);
    return dueMsOf(entry) - startMs;
  }

  /** In how many milliseconds the object may be written again, whatever is sent; undefined where nothing holds it. */
  waitMs(pool: PoolConfig, target: Target): number | undefined {
    const nowMs = this.#options.clock.now();
    const entries = this.#pools.get(poolKey(pool));
    const held = [kindIdOf(target), idOf(target)]
      .flatMap((id) => entries?.get(id) ?? [])
      .filter((entry) => isHeld(entry, pool, nowMs));
    return held.length === 0 ? undefined : Math.max(...held.map(dueMsOf)) - nowMs;
  }

  /** What is to be reported of a pool. */
  of(key: string): readonly Refusal[] {
    const nowMs = this.#options.clock.now();
    return [...(this.#pools.get(key)?.values() ?? [])]
      .filter(({ refusal, sinceMs }) => refusal.retryAtMs !== undefined || nowMs - sinceMs >= FAILING_PATIENCE_MS)
      .map(({ refusal }) => refusal);
  }

  /** When the next request of the pool's own reconcile may be sent again. */
  dueInMs(key: string): number | undefined {
    const nowMs = this.#options.clock.now();
    const dueMs = [...(this.#pools.get(key)?.values() ?? [])].filter(({ refusal }) => isOfReconcile(refusal)).map(dueMsOf);
    const next = dueMs.filter((atMs) => atMs > nowMs);
    return next.length === 0 ? undefined : Math.min(...next) - nowMs;
  }

  /**
   * A reconcile of the pool is over: forgets the requests that it did not want any more, and those about pods that are gone.
   * @param sinceMs when the reconcile began.
   * @param pods names of the pool's pods.
   */
  sweep(pool: PoolConfig, sinceMs: number, pods: ReadonlySet<string>): void {
    const nowMs = this.#options.clock.now();
    const entries = this.#of(poolKey(pool));
    for (const [id, entry] of entries) {
      const { refusal, wantedMs } = entry;
      const gone = refusal.plural === "pods" && id === idOf(refusal) && !pods.has(refusal.name);
      const over = wantedMs < sinceMs && !isHeld(entry, pool, nowMs);
      if (gone || (isOfReconcile(refusal) && over)) entries.delete(id);
    }
    if (entries.size === 0) this.#pools.delete(poolKey(pool));
  }

  forget(key: string): void {
    this.#pools.delete(key);
  }

  #holding(entries: ReadonlyMap<string, HeldRequest>, pool: PoolConfig, target: Target, fingerprint: string) {
    const nowMs = this.#options.clock.now();
    for (const id of [kindIdOf(target), idOf(target)]) {
      const entry = entries.get(id);
      if (entry === undefined || !isHeld(entry, pool, nowMs)) continue;
      if (id === kindIdOf(target) || entry.fingerprint === fingerprint) return { id, entry };
    }
    return undefined;
  }

  #note(pool: PoolConfig, target: Target, fingerprint: string, sent: object | undefined, error: unknown, startMs: number): void {
    if (!(error instanceof KubeError)) return;
    const { status, reason } = error;
    const failure = requestFailureOf(error);
    const refusal = { ...target, status, reason, said: quotable(error.said, sent) };
    if (failure === "refused") {
      const ofKind = isMissingRight(error) || this.#hasMany(poolKey(pool), target);
      const { refusal: kept } = ofKind
        ? this.#keep(pool, kindIdOf(target), { ...refusal, name: "", said: withoutName(refusal.said) }, "", error, startMs)
        : this.#keep(pool, idOf(target), refusal, fingerprint, error, startMs);
      this.#options.onRefused(poolKey(pool), kept);
    } else if (failure === "failed" && status >= 500) {
      const entries = this.#of(poolKey(pool));
      const { sinceMs = startMs } = entries.get(idOf(target)) ?? {};
      const entry = { fingerprint, error, generation: pool.generation, tries: 0, sinceMs, sentMs: startMs, wantedMs: startMs };
      entries.set(idOf(target), { ...entry, refusal: { ...refusal, retryAtMs: undefined } });
    }
  }

  #keep(
    pool: PoolConfig,
    id: string,
    refusal: Omit<Refusal, "retryAtMs">,
    fingerprint: string,
    error: unknown,
    startMs: number,
  ): HeldRequest {
    const { clock, random } = this.#options;
    const entries = this.#of(poolKey(pool));
    const before = entries.get(id);
    // Another request, sent at the same time, has found out the same.
    if (before?.refusal.retryAtMs !== undefined && before.sentMs >= startMs) return before;
    const same = before?.generation === pool.generation && before.fingerprint === fingerprint;
    const tries = same ? before.tries + 1 : 0;
    // Half fixed, half drawn: pools that were refused together do not come back together.
    const delayMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries) * (0.5 + 0.5 * random());
    const { generation } = pool;
    const nowMs = clock.now();
    const entry: HeldRequest = {
      refusal: { ...refusal, retryAtMs: nowMs + delayMs },
      error,
      fingerprint,
      generation,
      tries,
      sinceMs: before?.sinceMs ?? nowMs,
      sentMs: startMs,
      wantedMs: nowMs,
    };
    entries.set(id, entry);
    return entry;
  }

  #hasMany(key: string, target: Target): boolean {
    const ofKind = [...this.#of(key).values()].filter(({ refusal }) => kindIdOf(refusal) === kindIdOf(target));
    return ofKind.length >= MAX_OF_A_KIND;
  }

  #of(key: string): Map<string, HeldRequest> {
    const known = this.#pools.get(key) ?? new Map<string, HeldRequest>();
    this.#pools.set(key, known);
    return known;
  }
}

/** Whether the request is not to be sent now. */
function isHeld({ refusal, generation }: HeldRequest, pool: PoolConfig, nowMs: number): boolean {
  return generation === pool.generation && nowMs < (refusal.retryAtMs ?? 0);
}

/** `pods "a" is forbidden: User …` stands for all pods. */
function withoutName(said: string): string {
  return said.replace(/^\S+ "[^"]*" is forbidden: /, "");
}

function dueMsOf({ refusal, sinceMs }: HeldRequest): number {
  return refusal.retryAtMs ?? sinceMs + FAILING_PATIENCE_MS;
}

/** Whether the pool's reconcile itself sends such requests, and not the controllers beside it. */
function isOfReconcile({ plural, subresource, verb }: Target): boolean {
  return verb !== "get" && subresource === undefined && (plural === "deployments" || plural === "pods" || plural === "avatarpools");
}
