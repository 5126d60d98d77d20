import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import { isMissingRight, KubeError, requestFailureOf } from "../../kube/errors.ts";
import type { Clock, Random } from "../../runtime/clock.ts";
import { fingerprintOf, idOf, kindIdOf, quotable, type Refusal, type Target } from "./refusal.ts";

/** Delay of the first retry of a rejected request. Each further retry doubles the delay. */
const FIRST_RETRY_MS = 10_000;
export const LAST_RETRY_MS = 300_000;
/** A write that fails for this long is reported like a rejected one. */
export const FAILING_PATIENCE_MS = 30_000;
/** Limit on individually remembered objects of one kind. Beyond it, the whole kind waits for the next retry. */
const MAX_OF_A_KIND = 32;

interface HeldRequest {
  readonly refusal: Refusal;
  readonly error: unknown;
  readonly fingerprint: string;
  /** Generation of the pool's spec when the request was sent. */
  readonly generation: number;
  readonly tries: number;
  readonly sinceMs: number;
  readonly sentMs: number;
  /** When a reconcile last made the request. */
  readonly wantedMs: number;
}

export interface RefusalsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called when the API server has rejected a request, but not for a request that was not sent. */
  readonly onRefused: (pool: string, refusal: Refusal) => void;
  /** Called when a rejection is over, so that the pool stops to report it. */
  readonly onResolved?: (pool: string) => void;
}

/**
 * The rejected requests of each pool.
 *
 * Guarantees
 * - A rejected request is retried after a delay that grows from 10 s to 5 minutes, or at once if its content or the pool's spec
 *   has changed.
 * - A missing permission is remembered for the kind: a single request checks whether it was granted.
 * - At most 32 objects of each kind are remembered for a pool.
 */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #pools = new Map<string, Map<string, HeldRequest>>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /**
   * Sends a request, unless the same request was rejected recently: then it throws the same error again.
   * @param sent the request's body.
   */
  async attempt<T>(pool: PoolConfig, target: Target, sent: object | undefined, send: () => Promise<T>): Promise<T> {
    const startMs = this.#options.clock.now();
    const fingerprint = sent === undefined || target.subresource !== undefined ? "" : fingerprintOf(sent);
    const entries = this.#of(poolKey(pool));
    const held = this.#holding(entries, pool, target, fingerprint);
    if (held !== undefined) {
      entries.set(held.id, { ...held.entry, wantedMs: startMs });
      throw held.entry.error;
    }
    try {
      const result = await send();
      this.dismiss(pool, target);
      return result;
    } catch (error) {
      this.#note(pool, target, fingerprint, sent, error, startMs);
      throw error;
    }
  }

  /** Records an object that belongs to another owner and is not changed. @returns the delay in ms until the next check. */
  foreign(pool: PoolConfig, target: Target, said: string): number {
    const startMs = this.#options.clock.now();
    const entry = this.#keep(pool, idOf(target), { ...target, status: 0, reason: "NameTaken", said }, "", undefined, startMs);
    return dueMsOf(entry) - startMs;
  }

  /** Forgets the rejections of a request that has succeeded or is obsolete. */
  dismiss(pool: PoolConfig, target: Target): void {
    const entries = this.#pools.get(poolKey(pool));
    const known = [idOf(target), kindIdOf(target)].filter((id) => entries?.delete(id));
    if (known.length > 0) this.#options.onResolved?.(poolKey(pool));
  }

  /** Delay in ms until the object may be written again, whatever the content; undefined if it may be written now. */
  waitMs(pool: PoolConfig, target: Target): number | undefined {
    const nowMs = this.#options.clock.now();
    const entries = this.#pools.get(poolKey(pool));
    const held = [kindIdOf(target), idOf(target)]
      .flatMap((id) => entries?.get(id) ?? [])
      .filter((entry) => isHeld(entry, pool, nowMs));
    return held.length === 0 ? undefined : Math.max(...held.map(dueMsOf)) - nowMs;
  }

  /** The rejections to report for a pool. */
  of(key: string): readonly Refusal[] {
    const nowMs = this.#options.clock.now();
    return [...(this.#pools.get(key)?.values() ?? [])]
      .filter(({ refusal, sinceMs }) => refusal.retryAtMs !== undefined || nowMs - sinceMs >= FAILING_PATIENCE_MS)
      .map(({ refusal }) => refusal);
  }

  /** Delay in ms until the next retry of the pool's own reconcile. */
  dueInMs(key: string): number | undefined {
    const nowMs = this.#options.clock.now();
    const dueMs = [...(this.#pools.get(key)?.values() ?? [])].filter(({ refusal }) => isOfReconcile(refusal)).map(dueMsOf);
    const next = dueMs.filter((atMs) => atMs > nowMs);
    return next.length === 0 ? undefined : Math.min(...next) - nowMs;
  }

  /**
   * Ends a reconcile of the pool: forgets requests that it did not make again, and requests on deleted pods.
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
      // `pods "a" is forbidden: User …` stands for all pods.
      const ofAll = refusal.said.replace(/^\S+ "[^"]*" is forbidden: /, "");
      const ofKind = isMissingRight(error) || this.#hasMany(poolKey(pool), target);
      const { refusal: kept } = ofKind
        ? this.#keep(pool, kindIdOf(target), { ...refusal, name: "", said: ofAll }, "", error, startMs)
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
    // A concurrent request had the same result.
    if (before?.refusal.retryAtMs !== undefined && before.sentMs >= startMs) return before;
    const same = before?.generation === pool.generation && before.fingerprint === fingerprint;
    const tries = same ? before.tries + 1 : 0;
    // Half fixed, half random, so that pools that were rejected together do not retry together.
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

function dueMsOf({ refusal, sinceMs }: HeldRequest): number {
  return refusal.retryAtMs ?? sinceMs + FAILING_PATIENCE_MS;
}

/** Whether the pool's reconcile itself sends such requests, and not the controllers beside it. */
function isOfReconcile({ plural, subresource, verb }: Target): boolean {
  return verb !== "get" && subresource === undefined && (plural === "deployments" || plural === "pods" || plural === "avatarpools");
}
