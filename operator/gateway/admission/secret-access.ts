import type { PoolLoad } from "../../api/load-report.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import type { Clock } from "../../runtime/clock.ts";
import { withDeadline } from "../../runtime/deadline.ts";
import type { ReadSecret } from "./client-tokens.ts";

/** Rights change seldom; but who has just been told to give one looks at the pool. */
const LOOK_EVERY_MS = 300_000;
const LOOK_AGAIN_MS = 30_000;
const READ_TIMEOUT_MS = 5_000;

interface Watch {
  readonly namespace: string;
  /** Of the Secrets that it needs. */
  readonly names: readonly string[];
  /** Names of Secrets that the API server does not let this gateway read. */
  forbidden: readonly string[];
  timer: { cancel(): void };
}

export interface SecretAccessDeps {
  readonly clock: Clock;
  readonly read: ReadSecret;
  /** What is known of a pool has changed. */
  readonly onChanged: (pool: string) => void;
}

/**
 * Looks whether this gateway may read the Secrets that pools make it read. It has that right only where the chart was told
 * so, and a pool should say what it lacks before the first launch fails.
 */
export class SecretAccess {
  readonly #deps: SecretAccessDeps;
  /** By key of the pool: those that need a Secret. */
  readonly #watches = new Map<string, Watch>();

  constructor(deps: SecretAccessDeps) {
    this.#deps = deps;
  }

  /** A pool was added, changed or removed. */
  poolChanged(key: string, pool: PoolConfig | undefined): void {
    const names = pool === undefined ? [] : secretsOf(pool);
    const known = this.#watches.get(key);
    // Its status changes every second.
    if (known?.names.join() === names.join()) return;
    known?.timer.cancel();
    this.#watches.delete(key);
    if (pool === undefined || names.length === 0) return;
    this.#watches.set(key, { namespace: pool.namespace, names, forbidden: [], timer: this.#later(key, 0) });
  }

  /** What the operator is told; nothing where nothing is lacking. */
  load(key: string): Pick<PoolLoad, "forbiddenSecrets"> {
    const forbidden = this.#watches.get(key)?.forbidden ?? [];
    return forbidden.length === 0 ? {} : { forbiddenSecrets: [...forbidden] };
  }

  stop(): void {
    for (const { timer } of this.#watches.values()) timer.cancel();
    this.#watches.clear();
  }

  #later(key: string, delayMs: number): { cancel(): void } {
    return this.#deps.clock.schedule(delayMs, () => void this.#look(key));
  }

  async #look(key: string): Promise<void> {
    const watch = this.#watches.get(key);
    if (watch === undefined) return;
    const looks = await Promise.all(watch.names.map((name) => this.#mayRead(watch, name)));
    // The pool changed meanwhile, and is looked at anew.
    if (this.#watches.get(key) !== watch) return;
    const forbidden = watch.names.filter((_name, at) => !looks[at]);
    const changed = forbidden.join() !== watch.forbidden.join();
    watch.forbidden = forbidden;
    watch.timer = this.#later(key, forbidden.length > 0 ? LOOK_AGAIN_MS : LOOK_EVERY_MS);
    if (changed) this.#deps.onChanged(key);
  }

  /** Where nobody can tell now, what was known before. */
  async #mayRead({ namespace, forbidden }: Watch, name: string): Promise<boolean> {
    const { clock, read } = this.#deps;
    try {
      await withDeadline(clock, READ_TIMEOUT_MS, (signal) => read({ namespace, name }, signal));
      return true;
    } catch (error) {
      const status = error instanceof Error && "status" in error ? error.status : undefined;
      return status === 403 ? false : !forbidden.includes(name);
    }
  }
}

/** Names of the Secrets that a gateway reads for a pool. */
function secretsOf({ launch, livekit, overflow, apiSecretRef }: PoolConfig): readonly string[] {
  const names = [launch.auth?.secretRef.name, livekit?.apiKeyRef.name, overflow && apiSecretRef.name];
  return [...new Set(names.filter((name) => name !== undefined))];
}
