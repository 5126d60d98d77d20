import { API_GROUP_VERSION, KIND } from "../../api/names.ts";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { ObjectRef } from "../../kube/types.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { OperatorMetrics } from "../../telemetry/operator-metrics.ts";
import type { PoolCondition } from "../conditions/condition.ts";
import { changesOf, type Plan } from "../plan.ts";
import type { Snapshot } from "../snapshot.ts";
import { type EventContent, PoolEvents } from "./pool-events.ts";

export interface PoolEvent extends EventContent {
  readonly regarding: ObjectRef & { readonly apiVersion: string; readonly kind: string; readonly uid: string };
}

export interface ReporterOptions {
  readonly record: (event: PoolEvent) => void;
  readonly logger: Logger;
  readonly metrics: Pick<OperatorMetrics, "scaleChanges">;
}

/** Reports what was decided: a log line for each change, and events that sum up fast changes. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #news = new Map<string, { readonly pool: PoolConfig; readonly news: PoolEvents }>();

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  forget(key: string): void {
    const last = this.#news.get(key);
    if (last !== undefined) this.#record(last.pool, last.news.rest());
    this.#news.delete(key);
  }

  /**
   * @param found what holds of the pool and what does not.
   * @param pressureToPatchMs how long launches had been short of capacity when the plan answered that, where it did.
   * @returns in how many milliseconds there may be more to tell, if so.
   */
  report(snapshot: Snapshot, plan: Plan, found: readonly PoolCondition[], pressureToPatchMs?: number): number | undefined {
    const { pool, nowMs } = snapshot;
    this.#logChanges(pool, plan, pressureToPatchMs);
    const news = this.#newsOf(pool);
    news.add(snapshot, plan);
    this.#record(pool, news.take(snapshot, plan, found));
    return news.dueInMs(nowMs);
  }

  /** Of this very object: another one of the same name begins anew. */
  #newsOf(pool: PoolConfig): PoolEvents {
    const known = this.#news.get(poolKey(pool));
    const news = known?.pool.uid === pool.uid ? known.news : new PoolEvents();
    this.#news.set(poolKey(pool), { pool, news });
    return news;
  }

  #record({ namespace, name, uid }: PoolConfig, told: readonly EventContent[]): void {
    for (const news of told)
      this.#options.record({ ...news, regarding: { apiVersion: API_GROUP_VERSION, kind: KIND, namespace, name, uid } });
  }

  #logChanges(pool: PoolConfig, plan: Plan, pressureToPatchMs: number | undefined): void {
    for (const { group, from, to, reason } of changesOf(plan)) {
      const answered = to > from ? { pressureToPatchMs } : {};
      this.#options.logger.info({ pool: poolKey(pool), group, from, to, reason, ...answered }, "scaled");
      const direction = to > from ? "up" : "down";
      this.#options.metrics.scaleChanges.inc({ namespace: pool.namespace, pool: pool.name, group, direction });
    }
  }
}
