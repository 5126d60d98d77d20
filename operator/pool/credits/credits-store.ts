import { z } from "zod";
import { MILLI } from "../../api/credits-config.ts";
import { addUsed, chargeModes, type Usage, usageSchema } from "../../api/load-report.ts";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import { requestFailureOf } from "../../kube/errors.ts";
import type { Clock } from "../../runtime/clock.ts";
import { addForSum, emptyWindow, sum, type Window } from "../../scaling/window.ts";
import type { OperatorMetrics } from "../../telemetry/operator-metrics.ts";
import { earliest, remaining } from "../delays.ts";
import { SavedState, type SavedStateDeps } from "../saved-state.ts";
import { addUsage, emptyLedger, isExceeded, type Ledger } from "./ledger.ts";

/** Minimum time between two writes of a pool's credits, to its ConfigMap and to its status. */
export const CREDITS_INTERVAL_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const amount = z.int().min(0);
const ledgerSchema: z.ZodType<Ledger> = z.object({
  total: z.object({ "self-hosted": amount, cloud: amount }),
  period: z.string(),
  spent: amount,
  sources: z.record(z.string(), usageSchema),
});

/** The credits of a pool as they are reported. */
export interface CreditsView {
  readonly ledger: Ledger;
  /** Thousandths of a credit of the last hour. */
  readonly lastHour: number;
}

interface PoolCredits {
  ledger: Ledger;
  saved: Ledger;
  shown: CreditsView;
  shownMs: number;
  lastHour: Window;
}

export interface CreditsStoreOptions extends SavedStateDeps {
  readonly clock: Clock;
  readonly metrics: Pick<OperatorMetrics, "credits">;
}

/**
 * The credits of all pools that count them. Each ledger is saved in a ConfigMap next to its pool, together with the usage of each
 * gateway that it includes. So a new operator adds exactly what the gateways have counted since the last write.
 *
 * Guarantee: credits are lost only if a gateway ends, and the operator fails before the next write: at most what that gateway
 * counted in the last minute. Gateways that end while no operator runs lose what they counted since the last write.
 */
export class CreditsStore {
  readonly #options: CreditsStoreOptions;
  readonly #state: SavedState<Ledger>;
  readonly #pools = new Map<string, PoolCredits>();
  /** The sessions with which this operator warms up workers, by pool. */
  readonly #warmups = new Map<string, Usage>();
  readonly #source: string;

  constructor(options: CreditsStoreOptions) {
    this.#options = options;
    this.#state = new SavedState(options, { suffix: "credits", what: "count of credits", schema: ledgerSchema });
    this.#source = `operator-${options.clock.now()}`;
  }

  /**
   * @returns undefined if the pool counts no credits, or if the API server refuses to return the saved ones.
   * @throws KubeError if the API server does not respond.
   */
  async of(pool: PoolConfig): Promise<CreditsView | undefined> {
    if (pool.credits === undefined) return undefined;
    const key = poolKey(pool);
    const known = this.#pools.get(key);
    if (known !== undefined) return known.shown;
    try {
      const saved = (await this.#state.read(pool)) ?? emptyLedger;
      const shown = { ledger: saved, lastHour: 0 };
      this.#pools.set(key, { ledger: saved, saved, shown, shownMs: Number.NEGATIVE_INFINITY, lastHour: emptyWindow });
      return shown;
    } catch (error) {
      if (requestFailureOf(error) !== "refused") throw error;
      return undefined;
    }
  }

  /** The operator has begun a session to warm up a worker. */
  warmedUp(pool: PoolConfig, engine: string): void {
    const key = poolKey(pool);
    this.#warmups.set(key, addUsed(this.#warmups.get(key), "self-hosted", engine, { sessions: 1, minutes: 1 }));
  }

  /**
   * Adds the usage that gateways report, and saves the ledger if it is due.
   * @returns in how many milliseconds there may be other credits to report.
   */
  async add(pool: PoolConfig, usage: ReadonlyMap<string, Usage>): Promise<number | undefined> {
    const entry = this.#pools.get(poolKey(pool));
    if (entry === undefined || pool.credits === undefined) return undefined;
    const nowMs = this.#options.clock.now();
    const warmups = this.#warmups.get(poolKey(pool));
    const sources = warmups === undefined ? usage : new Map([...usage, [this.#source, warmups]]);
    const { ledger, added } = addUsage(entry.ledger, sources, pool.credits, nowMs);
    entry.ledger = ledger;
    entry.lastHour = addForSum(entry.lastHour, nowMs, added["self-hosted"] + added.cloud, HOUR_MS);
    const labels = { namespace: pool.namespace, pool: pool.name };
    for (const mode of chargeModes) this.#options.metrics.credits.inc({ ...labels, mode }, added[mode] / MILLI);
    const lastHour = sum(entry.lastHour, nowMs, HOUR_MS);
    const changed = ledger !== entry.saved || lastHour !== entry.shown.lastHour;
    const dueMs = entry.shownMs + CREDITS_INTERVAL_MS;
    const renewalMs = isExceeded(pool.credits, ledger, nowMs) ? DAY_MS - (nowMs % DAY_MS) : undefined;
    if (!changed) return earliest(renewalMs, lastHour > 0 ? CREDITS_INTERVAL_MS : undefined);
    if (nowMs < dueMs) return earliest(renewalMs, remaining(dueMs, nowMs));
    Object.assign(entry, { shown: { ledger, lastHour }, shownMs: nowMs });
    if (ledger !== entry.saved) await this.#state.write(pool, ledger);
    entry.saved = ledger;
    // The next reconcile writes the status.
    return 1;
  }

  forget(key: string): void {
    this.#pools.delete(key);
    this.#warmups.delete(key);
  }
}
