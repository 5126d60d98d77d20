import { Counter, type Gauge, type Histogram } from "prom-client";
import { chargeModes } from "../../api/load-report.ts";
import { type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { OperatorMetrics } from "../../telemetry/operator-metrics.ts";
import { coldStartStages } from "../../telemetry/pool-metrics.ts";
import type { PodView } from "../views.ts";
import type { ImagePulls } from "./image-pulls.ts";
import type { Figure } from "./pool-figures.ts";
import { type ColdStart, coldStartOf, drainMsOf, splitAt } from "./worker-times.ts";

type Labels = Readonly<Record<string, string>>;
type PoolMetrics = Pick<OperatorMetrics, "poolGauges" | "scaleChanges" | "credits" | "coldStart" | "drain">;
type Counted = Exclude<keyof PoolMetrics, "poolGauges">;

type Name = Figure["metric"] | Counted;

interface Series {
  readonly id: string;
  readonly name: Name;
  readonly metric: Counter<string> | Gauge<string> | Histogram<string>;
  readonly labels: Labels;
  value?: number;
}

/** The exported series of all pools: what {@link poolFigures} computes and what is counted. Series of what is gone are removed. */
export class PoolSeries {
  readonly #metrics: PoolMetrics;
  readonly #pulls: Pick<ImagePulls, "of">;
  /** By pool, then by metric and labels. */
  readonly #pools = new Map<string, Map<string, Series>>();

  constructor(metrics: PoolMetrics, pulls: Pick<ImagePulls, "of">) {
    this.#metrics = metrics;
    this.#pulls = pulls;
  }

  /** @param groups all groups that have workers, also those that are no longer in the spec. */
  show(pool: PoolConfig, figures: readonly Figure[], groups: readonly string[]): void {
    const key = poolKey(pool);
    const ofPool = { namespace: pool.namespace, pool: pool.name };
    const before = this.#pools.get(key) ?? new Map<string, Series>();
    const inOrder = before.values();
    const after = new Map<string, Series>();
    const keep = (name: Name, labels: Labels): Series => {
      // The order rarely changes: usually no id is built.
      const next = inOrder.next().value;
      const id = next !== undefined && isOf(next, name, labels) ? next.id : idOf(name, labels);
      const series = before.get(id) ?? this.#start(id, name, { ...ofPool, ...labels });
      after.set(id, series);
      return series;
    };
    for (const { metric: name, labels, value } of figures) {
      const series = keep(name, labels);
      if (series.value !== value) (series.metric as Gauge<string>).set(series.labels, value);
      series.value = value;
    }
    for (const [name, labels] of counted(pool, groups)) keep(name, labels);
    for (const [id, { metric, labels }] of before) if (!after.has(id)) metric.remove(labels);
    this.#pools.set(key, after);
  }

  /** A pod was added, changed or removed. */
  podChanged(after: PodView | undefined, before: PodView | undefined, nowMs: number): void {
    const replaced = before !== undefined && before.uid !== after?.uid;
    if (replaced) {
      const drainMs = drainMsOf(before, nowMs);
      if (drainMs !== undefined) this.#observe(before, "drain", {}, drainMs);
    }
    if (after === undefined) return;
    const start = coldStartOf(after, replaced ? undefined : before, nowMs);
    if (start !== undefined) void this.#started(after, start);
  }

  forget(key: string): void {
    for (const { metric, labels } of this.#pools.get(key)?.values() ?? []) metric.remove(labels);
    this.#pools.delete(key);
  }

  /** This replica leads no longer. */
  clear(): void {
    for (const key of [...this.#pools.keys()]) this.forget(key);
  }

  async #started(pod: PodView, start: ColdStart): Promise<void> {
    const observe = (stage: (typeof coldStartStages)[number], ms: number) => this.#observe(pod, "coldStart", { stage }, ms);
    observe("schedule", start.schedule);
    observe("load", start.load);
    observe("warm", start.warm);
    const pullMs = await this.#pulls.of(pod, () => this.#shown(pod, idOf("coldStart", { group: pod.group, stage: "pull" })));
    if (pullMs === undefined) return;
    const { pull, create } = splitAt(pullMs, start);
    observe("pull", pull);
    observe("create", create);
  }

  /** Only for a pool and a group that are shown: their series are removed later. */
  #observe(pod: PodView, name: "coldStart" | "drain", more: Labels, ms: number): void {
    const { namespace, pool, group } = pod;
    const labels = { group, ...more };
    if (!this.#shown(pod, idOf(name, labels))) return;
    (this.#metrics[name] as Histogram<string>).observe({ namespace, pool, ...labels }, ms / 1_000);
  }

  #shown({ namespace, pool }: PodView, id: string): boolean {
    return this.#pools.get(poolKey({ namespace, name: pool }))?.has(id) ?? false;
  }

  /** A counter starts at zero, so that its first increase is visible. */
  #start(id: string, name: Name, labels: Labels): Series {
    const { poolGauges, ...counters } = this.#metrics;
    const metric: Series["metric"] = name in poolGauges ? poolGauges[name as Figure["metric"]] : counters[name as Counted];
    if (metric instanceof Counter) metric.inc(labels, 0);
    return { id, name, metric, labels };
  }
}

function counted({ credits }: PoolConfig, groups: readonly string[]): readonly (readonly [Counted, Labels])[] {
  return [
    ...groups.flatMap((group) => [
      ...["up", "down"].map((direction) => ["scaleChanges", { group, direction }] as const),
      ...coldStartStages.map((stage) => ["coldStart", { group, stage }] as const),
      ["drain", { group }] as const,
    ]),
    ...(credits === undefined ? [] : chargeModes.map((mode) => ["credits", { mode }] as const)),
  ];
}

function isOf({ name: known, labels: all }: Series, name: Name, labels: Labels): boolean {
  if (known !== name) return false;
  for (const label in labels) if (all[label] !== labels[label]) return false;
  return true;
}

function idOf(metric: string, labels: Labels): string {
  return `${metric} ${Object.values(labels).join(" / ")}`;
}
