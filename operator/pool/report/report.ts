import { poolKey } from "../../api/pool-config.ts";
import type { OperatorMetrics } from "../../telemetry/operator-metrics.ts";
import type { Applied } from "../apply.ts";
import { conditionsOf } from "../conditions/conditions.ts";
import type { CreditsStore } from "../credits/credits-store.ts";
import { earliest } from "../delays.ts";
import { launchTotals, noteLaunches } from "../figures/error-budget.ts";
import { poolFigures } from "../figures/pool-figures.ts";
import type { PoolSeries } from "../figures/pool-series.ts";
import type { ForecastStore } from "../forecast/forecast-store.ts";
import { notedOf } from "../history/noted.ts";
import type { LoadHub } from "../load/load-hub.ts";
import type { PoolMemory } from "../memory.ts";
import type { Refusals } from "../refusals/refusals.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Reporter } from "./reporter.ts";
import { statusOf } from "./status.ts";
import { type StatusContext, writeStatus } from "./write-status.ts";

export interface ReportContext extends StatusContext {
  readonly world: { readonly hub: Pick<LoadHub, "answered" | "tally"> };
  readonly refusals: Pick<Refusals, "sweep" | "of" | "dueInMs">;
  readonly forecastStore: Pick<ForecastStore, "save">;
  readonly creditsStore: Pick<CreditsStore, "add">;
  readonly reporter: Reporter;
  readonly series: Pick<PoolSeries, "show">;
  /** Called with the key of each pool after a reconcile, or after the pool has gone. */
  readonly onReported: (key: string) => void;
  readonly metrics: Pick<OperatorMetrics, "pressureToPatchSeconds">;
}

/**
 * Reports what a reconcile saw and did: log lines, events, gauges, the pool's status, the decisions, and for the next operator the
 * credits and the forecast.
 * @returns in how many milliseconds there is something to report or to write again.
 */
export async function report(
  context: ReportContext,
  seen: Snapshot,
  applied: Applied,
  memory: PoolMemory,
): Promise<number | undefined> {
  const { refusals, reporter, series, forecastStore, creditsStore } = context;
  const { plan } = applied;
  const { pool, nowMs } = seen;
  const key = poolKey(pool);
  // While victims are verified, the group's writes are wanted although they were not attempted.
  if (!applied.verifying) refusals.sweep(pool, nowMs, podNames(seen));
  const snapshot = { ...seen, refusals: refusals.of(key) };
  memory.decisions.add(plan.records);
  memory.forecast = snapshot.forecast;
  memory.launches = noteLaunches(memory.launches, launchTotals(seen.load), nowMs);
  const conditions = conditionsOf(snapshot, plan);
  const pressureToPatchMs = answerPressure(context, snapshot, applied);
  const eventsDueMs = reporter.report(snapshot, plan, conditions, pressureToPatchMs);
  const status = statusOf(snapshot, plan, conditions);
  memory.history.note(nowMs, notedOf(snapshot, plan, status, context.world.hub.tally(key, memory.history.notedMs)));
  memory.reported = { snapshot, plan, status };
  context.onReported(key);
  series.show(pool, poolFigures(snapshot, plan, status, memory.launches), groupNames(snapshot));
  const isGone = plan.finalizer === "remove" && applied.finalizerWritten;
  const [statusDueMs, creditsDueMs] = await Promise.all([
    isGone ? undefined : writeStatus(context, snapshot, status, memory),
    isGone ? undefined : creditsStore.add(pool, seen.load.usage),
    forecastStore.save(pool),
  ]);
  return earliest(eventsDueMs, statusDueMs, creditsDueMs, refusals.dueInMs(key));
}

function groupNames({ groups, retired }: Snapshot): readonly string[] {
  return [...groups.map(({ config }) => config.name), ...retired.map(({ deployment }) => deployment.group)];
}

function podNames({ groups, retired }: Snapshot): ReadonlySet<string> {
  const members = [...groups, ...retired].flatMap(({ members: { pods, terminating } }) => [...pods, ...terminating]);
  return new Set(members.map(({ name }) => name));
}

/**
 * Notes that the plan has answered the launches that were short of capacity.
 * @returns if the plan grew the pool, how long the first of these launches had waited for it.
 */
function answerPressure(
  { world, metrics, clock }: ReportContext,
  { pool, load: { shortSinceMs } }: Snapshot,
  { plan, failure }: Applied,
): number | undefined {
  if (shortSinceMs === undefined || failure !== undefined) return undefined;
  world.hub.answered(poolKey(pool), shortSinceMs);
  if (!plan.records.some(({ outcome }) => outcome === "grew")) return undefined;
  const pressureToPatchMs = clock.now() - shortSinceMs;
  metrics.pressureToPatchSeconds.observe(pressureToPatchMs / 1_000);
  return pressureToPatchMs;
}
