import type { Counter, Histogram } from "prom-client";
import { overflowErrorKinds } from "../api/load-report.ts";
import { type PoolConfig, poolKey } from "../api/pool-config.ts";
import type { Clock } from "../runtime/clock.ts";
import type { GatewayMetrics } from "../telemetry/gateway-metrics.ts";
import { FIRST_FRAME, launchStages } from "../telemetry/gateway-metrics.ts";
import type { GatewayCore } from "./core.ts";
import { type LaunchErrorCode, launchErrors } from "./errors.ts";
import { type LaunchPath, launchPaths } from "./sessions/launch-path.ts";
import type { Directory } from "./workers/directory.ts";

/** Launches in progress and sessions may end after their pool is gone, and would leave series behind. */
const SWEPT_MS = 900_000;

type Labels = Readonly<Record<string, string>>;

/** Outcomes that count from zero for each pool, by path, because alerts compare them. */
const outcomesFromZero: Readonly<Partial<Record<LaunchPath | "", readonly ("served" | LaunchErrorCode)[]>>> = {
  "": ["queue_full", "deadline_exceeded", "gateway_busy", "gateway_stopping", "auth_unavailable", "internal"],
  warm: ["served", "worker_failed", "worker_timeout", "worker_rejected", "internal"],
  cold: ["served", "worker_failed", "worker_timeout", "worker_rejected", "internal"],
  queued: ["served", "worker_failed", "worker_timeout", "worker_rejected", "internal", "deadline_exceeded", "gateway_stopping"],
  repeated: ["served"],
  overflow: ["served", "overflow_unclear"],
};

/** The series of pools at a gateway: counters start at zero, and the series of removed pools are removed. */
export class PoolSeries {
  readonly #metrics: GatewayMetrics;
  readonly #directory: Pick<Directory, "pools">;
  readonly #core: Pick<GatewayCore, "summary">;
  readonly #clock: Clock;
  readonly #known = new Map<string, PoolConfig>();
  /** Removed pools, and until when their series are removed at each scrape. */
  readonly #gone = new Map<string, { readonly pool: Labels; readonly untilMs: number }>();

  constructor(deps: {
    readonly metrics: GatewayMetrics;
    readonly directory: Pick<Directory, "pools">;
    readonly core: Pick<GatewayCore, "summary">;
    readonly clock: Clock;
  }) {
    this.#metrics = deps.metrics;
    this.#directory = deps.directory;
    this.#core = deps.core;
    this.#clock = deps.clock;
  }

  /** Call before each scrape. */
  update(): void {
    const { queued, overflowSessions } = this.#metrics;
    queued.reset();
    overflowSessions.reset();
    const pools = new Map([...this.#directory.pools()].map((pool) => [poolKey(pool), pool]));
    this.#removeOthers(pools);
    for (const [key, pool] of pools) {
      const labels = { namespace: pool.namespace, pool: pool.name };
      // A changed pool may have other counters.
      if (this.#known.get(key) !== pool) this.#start(pool, labels);
      this.#known.set(key, pool);
      const state = this.#core.summary(key);
      if (state === undefined) continue;
      queued.set(
        labels,
        Object.values(state.queued).reduce((sum, count) => sum + count, 0),
      );
      if (state.overflow !== undefined) overflowSessions.set(labels, state.overflow.sessions);
    }
  }

  #removeOthers(pools: ReadonlyMap<string, PoolConfig>): void {
    const nowMs = this.#clock.now();
    for (const [key, { namespace, name }] of this.#known) {
      if (pools.has(key)) continue;
      this.#known.delete(key);
      this.#gone.set(key, { pool: { namespace, pool: name }, untilMs: nowMs + SWEPT_MS });
    }
    for (const [key, { pool, untilMs }] of this.#gone) {
      if (pools.has(key) || nowMs > untilMs) this.#gone.delete(key);
      else for (const [metric, labels] of seriesOf(this.#metrics)) for (const each of labels) metric.remove({ ...pool, ...each });
    }
  }

  #start({ overflow, livekit }: PoolConfig, pool: Labels): void {
    const { launches, worker503, sessionsEnded, overflowErrors, abandonedSessions, reclaimedSlotSeconds } = this.#metrics;
    const zero = (counter: Counter<string>, labels: readonly Labels[]) => {
      for (const each of labels) counter.inc({ ...pool, ...each }, 0);
    };
    for (const [path, outcomes = []] of Object.entries(outcomesFromZero))
      zero(
        launches,
        outcomes.map((outcome) => ({ outcome, path })),
      );
    zero(worker503, reasons503);
    zero(sessionsEnded, ends);
    if (overflow !== undefined) zero(overflowErrors, overflowReasons);
    if (livekit !== undefined) for (const counter of [abandonedSessions, reclaimedSlotSeconds]) zero(counter, [{}]);
  }
}

const reasons503 = ["at_capacity", "not_ready"].map((reason) => ({ reason }));
const ends = ["completed", "failed", "cancelled", "lost"].map((outcome) => ({ outcome }));
const overflowReasons = overflowErrorKinds.map((reason) => ({ reason }));
const paths = launchPaths.map((path) => ({ path }));
const everyOutcome = ["served", ...Object.keys(launchErrors)].flatMap((outcome) =>
  ["", ...launchPaths].map((path) => ({ outcome, path })),
);

/** All labels that the metrics of a pool can have. */
function seriesOf(metrics: GatewayMetrics): readonly (readonly [Counter<string> | Histogram<string>, readonly Labels[]])[] {
  return [
    [metrics.launches, everyOutcome],
    [metrics.startupSeconds, paths],
    [metrics.trackPublishedSeconds, paths],
    [metrics.stageSeconds, [...launchStages, FIRST_FRAME].map((stage) => ({ stage }))],
    [metrics.queueSeconds, [{}]],
    [metrics.worker503, reasons503],
    [metrics.overflowErrors, overflowReasons],
    [metrics.sessionsEnded, ends],
    [metrics.abandonedSessions, [{}]],
    [metrics.reclaimedSlotSeconds, [{}]],
  ];
}
