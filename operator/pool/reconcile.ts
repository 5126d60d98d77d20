import type { Store } from "../kube/store.ts";
import { awaitChange, type Outcome, requeueAfter } from "../runtime/outcome.ts";
import { type ApplyContext, apply } from "./apply.ts";
import type { CreditsStore } from "./credits/credits-store.ts";
import { earliest } from "./delays.ts";
import type { PoolSeries } from "./figures/pool-series.ts";
import type { ForecastStore } from "./forecast/forecast-store.ts";
import { gather, type Sources } from "./gather/gather.ts";
import type { LoadHub } from "./load/load-hub.ts";
import type { Memories } from "./memory.ts";
import { plan } from "./plan.ts";
import { guardedClient } from "./refusals/guarded-client.ts";
import type { Refusals } from "./refusals/refusals.ts";
import { type ReportContext, report } from "./report/report.ts";
import type { VictimVerifier } from "./victim-verification.ts";
import type { PoolView } from "./views.ts";

export interface PoolReconcilerOptions extends Sources, ApplyContext, ReportContext {
  readonly client: ApplyContext["client"];
  readonly pools: Store<PoolView>;
  readonly memories: Memories;
  readonly world: Sources["world"] & { readonly hub: LoadHub };
  readonly refusals: Refusals;
  readonly forecastStore: ForecastStore;
  readonly creditsStore: CreditsStore;
  readonly victims: VictimVerifier;
  readonly series: PoolSeries;
}

/** Reconciles one pool: gather -> Snapshot -> plan -> apply -> report. */
export function poolReconciler(options: PoolReconcilerOptions): (key: string) => Promise<Outcome> {
  return async (key) => {
    const view = options.pools.get(key);
    if (view === undefined) return forget(options, key);
    const memory = options.memories.of(key);
    const context = { ...options, client: guardedClient(options.client, options.refusals, view.config) };

    const snapshot = await gather(context, view, memory);
    const planned = plan(snapshot);
    const applied = await apply(context, snapshot, planned, memory);
    // Nothing more can be written, the status included.
    if (applied.unavailable) throw applied.failure;
    const reportDueMs = await report(context, snapshot, applied, memory);
    if (applied.failure !== undefined) throw applied.failure;

    const dueMs = earliest(snapshot.dueMs, planned.requeueAfterMs, reportDueMs);
    return dueMs === undefined ? awaitChange : requeueAfter(dueMs);
  };
}

/** The pool is gone. */
function forget(
  { memories, refusals, forecastStore, creditsStore, world, reporter, series, victims, onReported }: PoolReconcilerOptions,
  key: string,
): Outcome {
  for (const each of [memories, refusals, forecastStore, creditsStore, world.hub, reporter, series, victims]) each.forget(key);
  onReported(key);
  return awaitChange;
}
