import { isDeepStrictEqual } from "node:util";
import { API_GROUP_VERSION, KIND } from "../api/names.ts";
import type { PoolConfig } from "../api/pool-config.ts";
import type { AvatarPoolStatus } from "../api/v1alpha1/index.ts";
import { isGoneOrReplaced, requestFailureOf } from "../kube/errors.ts";
import { avatarPools } from "../kube/resource-types.ts";
import type { Store } from "../kube/store.ts";
import type { KubeObject } from "../kube/types.ts";
import type { Clock } from "../runtime/clock.ts";
import { awaitChange, type Outcome, requeueAfter } from "../runtime/outcome.ts";
import type { OperatorMetrics } from "../telemetry/metrics.ts";
import { type ApplyContext, apply } from "./apply.ts";
import type { PoolCondition } from "./conditions/condition.ts";
import { conditionsOf } from "./conditions/conditions.ts";
import type { CredentialsCheck } from "./credentials.ts";
import type { ForecastStore } from "./forecast/forecast-store.ts";
import { buildSnapshot, type World } from "./gather/build-snapshot.ts";
import type { LoadHub } from "./load/load-hub.ts";
import { noneReclaimed } from "./load/reclaimed.ts";
import type { Memories, PoolMemory } from "./memory.ts";
import { carriedOut, type Plan } from "./plan.ts";
import { guardedClient } from "./refusals/guarded-client.ts";
import type { Refusals } from "./refusals/refusals.ts";
import type { Reporter } from "./report/reporter.ts";
import { statusOf } from "./report/status.ts";
import type { PodEvents } from "./slow-starts/pod-events.ts";
import { withSlowStarts } from "./slow-starts/slow-starts.ts";
import type { Snapshot } from "./snapshot.ts";
import { planWithVerifiedVictims } from "./victim-verification.ts";
import type { PodView, PoolView } from "./views.ts";

const STATUS_INTERVAL_MS = 1_000;

export interface PoolReconcilerOptions extends ApplyContext {
  /** Asks the worker itself: false while it has sessions, or does not say. */
  readonly isEmpty: (worker: PodView) => Promise<boolean>;
  readonly pools: Store<PoolView>;
  readonly world: World & { readonly hub: LoadHub };
  readonly memories: Memories;
  readonly refusals: Refusals;
  readonly podEvents: Pick<PodEvents, "latest">;
  /** Something is to be looked at again. */
  readonly enqueue: (key: string) => void;
  readonly forecastStore: ForecastStore;
  readonly credentials: Pick<CredentialsCheck, "of" | "problems">;
  readonly reporter: Reporter;
  readonly metrics: Pick<OperatorMetrics, "pressureToPatchSeconds">;
  readonly clock: Clock;
}

/** observe -> plan -> apply -> report -> status, for one pool. */
export function poolReconciler(options: PoolReconcilerOptions): (key: string) => Promise<Outcome> {
  const { pools, world, memories, refusals, credentials, reporter, clock } = options;
  return async (key) => {
    const view = pools.get(key);
    if (view === undefined) {
      memories.forget(key);
      refusals.forget(key);
      options.forecastStore.forget(key);
      world.hub.forget(key);
      reporter.forget(key);
      return awaitChange;
    }
    const memory = memories.of(key);
    memory.reclaimedBefore ??= view.status?.reclaimed ?? view.status?.wonBack ?? noneReclaimed;
    const forecasts = await options.forecastStore.of(view.config);
    const seen = buildSnapshot(world, view, await credentials.of(view.config), memory, clock.now());
    const secretProblems = await credentials.problems(view.config);
    const observed = { ...seen, secretProblems, refusals: refusals.of(key), forecast: forecasts.next(seen) };
    const starts = withSlowStarts(observed, (pod) => options.podEvents.latest(pod, () => options.enqueue(key)));
    const { snapshot, plan: planned, lookAgainMs } = await planWithVerifiedVictims(starts.snapshot, options.isEmpty);
    const guarded = { ...options, client: guardedClient(options.client, refusals, view.config) };
    const applied = await apply(guarded, snapshot, planned, memory);
    // Nothing more can be written, the status included.
    if (applied.unavailable) throw applied.failure;
    refusals.sweep(view.config, seen.nowMs, podNames(snapshot));
    await options.forecastStore.keep(view.config);
    const plan = carriedOut(planned, applied.unwritten);
    memory.decisions.add(plan.records);
    memory.forecast = snapshot.forecast;
    const pressureToPatchMs = applied.failure === undefined ? answerPressure(options, key, snapshot, plan) : undefined;
    const told = { ...snapshot, refusals: refusals.of(key) };
    const found = conditionsOf(told, plan);
    const newsDueMs = reporter.report(told, plan, found, pressureToPatchMs);
    const goes = plan.finalizer === "remove" && applied.finalizerWritten;
    const statusDueMs = goes ? undefined : await writeStatus(guarded, told, plan, found, memory);
    if (applied.failure !== undefined) throw applied.failure;
    const lookMs = [lookAgainMs, starts.dueMs, refusals.dueInMs(key), forecasts.dueMs(snapshot)];
    return next(plan.requeueAfterMs, newsDueMs, statusDueMs, ...lookMs);
  };
}

function podNames({ groups, retired }: Snapshot): ReadonlySet<string> {
  const members = [...groups, ...retired].flatMap(({ members: { pods, terminating } }) => [...pods, ...terminating]);
  return new Set(members.map(({ name }) => name));
}

/**
 * The plan was written. Where it grew the pool for launches that were short of capacity: measures how long the first of them
 * had waited for that.
 */
function answerPressure(
  { world, metrics, clock }: PoolReconcilerOptions,
  key: string,
  snapshot: Snapshot,
  planned: Plan,
): number | undefined {
  const sinceMs = snapshot.load.shortSinceMs;
  if (sinceMs === undefined) return undefined;
  world.hub.answered(key, sinceMs);
  if (!planned.records.some(({ outcome }) => outcome === "grew")) return undefined;
  const pressureToPatchMs = clock.now() - sinceMs;
  metrics.pressureToPatchSeconds.observe(pressureToPatchMs / 1_000);
  return pressureToPatchMs;
}

/** Writes the status where it differs, once a second at most. Returns when it must be looked at again, if so. */
async function writeStatus(
  { client, clock }: PoolReconcilerOptions,
  snapshot: Snapshot,
  planned: Plan,
  found: readonly PoolCondition[],
  memory: PoolMemory,
): Promise<number | undefined> {
  const status = statusOf(snapshot, planned, found);
  memory.lastDecision = status.lastDecision;
  if (isDeepStrictEqual(status, snapshot.status)) return undefined;
  const nowMs = clock.now();
  const dueMs = memory.status === undefined ? nowMs : memory.status.atMs + STATUS_INTERVAL_MS;
  if (dueMs > nowMs) return dueMs - nowMs;
  memory.status = { written: status, atMs: nowMs };
  try {
    await client.apply(avatarPools, statusObject(snapshot.pool, status), { subresource: "status" });
  } catch (error) {
    memory.status = undefined;
    // A refusal is logged and told in an event: there is no other place for it.
    if (!isGoneOrReplaced(error) && requestFailureOf(error) !== "refused") throw error;
  }
  return undefined;
}

function statusObject(
  { namespace, name, uid }: PoolConfig,
  status: AvatarPoolStatus,
): KubeObject & { readonly status: AvatarPoolStatus } {
  return { apiVersion: API_GROUP_VERSION, kind: KIND, metadata: { namespace, name, uid }, status };
}

function next(...delaysMs: readonly (number | undefined)[]): Outcome {
  const known = delaysMs.filter((delay) => delay !== undefined);
  return known.length === 0 ? awaitChange : requeueAfter(Math.min(...known));
}
