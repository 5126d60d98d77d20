import type { PoolLoad } from "../../api/load-report.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import { isForbidden } from "../../kube/errors.ts";
import { type ReadSecret, SecretCache } from "../../kube/secret-cache.ts";
import type { Clock } from "../../runtime/clock.ts";

/** Rights rarely change, but an administrator who has granted one expects the pool to react. */
const CHECK_EVERY_MS = 300_000;
const CHECK_FORBIDDEN_EVERY_MS = 30_000;

interface Watch {
  readonly namespace: string;
  /** Names of the Secrets that the gateway reads for the pool. */
  readonly names: readonly string[];
  /** Those of them that the API server does not let this gateway read. */
  forbidden: readonly string[];
  timer: { cancel(): void };
}

export interface SecretAccessDeps {
  readonly clock: Clock;
  readonly read: ReadSecret;
  /** The forbidden Secrets of a pool have changed. */
  readonly onChanged: (pool: string) => void;
}

/**
 * Checks whether this gateway may read the Secrets that pools need. The chart grants that right only on request, and a pool
 * should report what is missing before its first launch fails.
 */
export class SecretAccess {
  readonly #deps: SecretAccessDeps;
  readonly #secrets: SecretCache<true>;
  /** By key of the pool: those that need a Secret. */
  readonly #watches = new Map<string, Watch>();

  constructor(deps: SecretAccessDeps) {
    this.#deps = deps;
    this.#secrets = new SecretCache({ ...deps, view: () => true, keepMs: 0, retryMs: 0 });
  }

  poolChanged(key: string, pool: PoolConfig | undefined): void {
    const names = pool === undefined ? [] : secretsOf(pool);
    const known = this.#watches.get(key);
    // The pool's status changes every second.
    if (known?.names.join() === names.join()) return;
    known?.timer.cancel();
    this.#watches.delete(key);
    if (pool === undefined || names.length === 0) return;
    this.#watches.set(key, { namespace: pool.namespace, names, forbidden: [], timer: this.#schedule(key, 0) });
  }

  /** The part of the load report about Secrets; empty if none is forbidden. */
  load(key: string): Pick<PoolLoad, "forbiddenSecrets"> {
    const forbidden = this.#watches.get(key)?.forbidden ?? [];
    return forbidden.length === 0 ? {} : { forbiddenSecrets: [...forbidden] };
  }

  stop(): void {
    for (const { timer } of this.#watches.values()) timer.cancel();
    this.#watches.clear();
  }

  #schedule(key: string, delayMs: number): { cancel(): void } {
    return this.#deps.clock.schedule(delayMs, () => void this.#check(key));
  }

  async #check(key: string): Promise<void> {
    const watch = this.#watches.get(key);
    if (watch === undefined) return;
    const isReadable = await Promise.all(watch.names.map((name) => this.#isReadable(watch, name)));
    // The pool has changed meanwhile: another check is scheduled.
    if (this.#watches.get(key) !== watch) return;
    const forbidden = watch.names.filter((_name, at) => !isReadable[at]);
    const changed = forbidden.join() !== watch.forbidden.join();
    watch.forbidden = forbidden;
    watch.timer = this.#schedule(key, forbidden.length > 0 ? CHECK_FORBIDDEN_EVERY_MS : CHECK_EVERY_MS);
    if (changed) this.#deps.onChanged(key);
  }

  /** If the API server does not answer, the result of the last check. */
  async #isReadable({ namespace, forbidden }: Watch, name: string): Promise<boolean> {
    const { error } = await this.#secrets.get({ namespace, name }, () => false);
    return error === undefined || (!isForbidden(error) && !forbidden.includes(name));
  }
}

function secretsOf({ launch, livekit, overflow, apiSecretRef }: PoolConfig): readonly string[] {
  const names = [launch.auth?.secretRef.name, livekit?.apiKeyRef.name, overflow && apiSecretRef.name];
  return [...new Set(names.filter((name) => name !== undefined))];
}
