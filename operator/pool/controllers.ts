import { httpOrigin } from "../api/http-origin.ts";
import { poolKey } from "../api/pool-config.ts";
import { findEngine } from "../engines/index.ts";
import type { KubeClient } from "../kube/client.ts";
import { configMaps } from "../kube/resource-types.ts";
import type { Store } from "../kube/store.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import { Controller } from "../runtime/controller.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { OperatorMetrics } from "../telemetry/operator-metrics.ts";
import type { ApplyContext } from "./apply.ts";
import { CredentialsCheck } from "./credentials.ts";
import { CreditsStore } from "./credits/credits-store.ts";
import { ImagePulls } from "./figures/image-pulls.ts";
import { PoolSeries } from "./figures/pool-series.ts";
import { ForecastStore } from "./forecast/forecast-store.ts";
import type { LoadHub } from "./load/load-hub.ts";
import { Memories, type PoolMemory } from "./memory.ts";
import { poolReconciler } from "./reconcile.ts";
import { guardedClient } from "./refusals/guarded-client.ts";
import { targetOf } from "./refusals/refusal.ts";
import { Refusals } from "./refusals/refusals.ts";
import type { ReplicaSetView } from "./replica-sets.ts";
import { type PoolEvent, Reporter } from "./report/reporter.ts";
import type { SavedStateDeps } from "./saved-state.ts";
import { PodEvents } from "./slow-starts/pod-events.ts";
import { VictimVerifier } from "./victim-verification.ts";
import type { DeploymentView, PodView, PoolView } from "./views.ts";
import { presetLoader } from "./warmup/load-presets.ts";
import { warmupReconciler } from "./warmup/warmup.ts";
import type { WorkerCalls } from "./warmup/worker-calls.ts";

const POOL_CONCURRENCY = 8;
/** Warm-ups wait for workers most of the time. */
const WARMUP_CONCURRENCY = 64;

/** A watched kind: the part of an informer that controllers use. */
export interface Watched<T> {
  readonly store: Store<T>;
  onChange(handler: (key: string, after: T | undefined, before: T | undefined) => void): () => void;
}

export interface PoolControllersOptions {
  readonly client: ApplyContext["client"];
  /** Reads the events of pods that do not start, and those of image pulls. */
  readonly events: Pick<KubeClient, "list">;
  readonly pools: Watched<PoolView>;
  readonly deployments: Watched<DeploymentView>;
  readonly replicaSets: Watched<ReplicaSetView>;
  readonly pods: Watched<PodView>;
  readonly hub: LoadHub;
  readonly workers: Pick<WorkerCalls, "call" | "isEmpty">;
  readonly sidecarImage: string;
  readonly record: (event: PoolEvent) => void;
  readonly metrics: OperatorMetrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The controllers of the operator, over the given watches. */
export interface PoolControllers {
  /** Something outside the watches changed for this pool. */
  enqueue(key: string): void;
  /** The memory of a pool; undefined before its first reconcile. */
  memory(key: string): PoolMemory | undefined;
  /** Calls back after each reconcile of a pool, and after a pool has gone. @returns a function that ends it. */
  onReported(handler: (key: string) => void): () => void;
  /** For writers outside these controllers. */
  readonly refusals: Refusals;
  run(signal: AbortSignal): Promise<void>;
}

export function poolControllers(options: PoolControllersOptions): PoolControllers {
  const { client, hub, workers, clock, random, logger, metrics } = options;
  const common = { clock, random, logger, metrics };
  const memories = new Memories();
  const reported = new Set<(key: string) => void>();
  const refusals = new Refusals({
    clock,
    random,
    onRefused: (key, refusal) => {
      const { verb, kind, name, status, said } = refusal;
      logger.error({ pool: key, verb, kind, name, status, said }, "request rejected by the API server");
      pools.enqueue(key);
    },
    onResolved: (key) => pools.enqueue(key),
  });
  const enqueue = (key: string) => pools.enqueue(key);
  const saving: SavedStateDeps = {
    clientOf: (pool) => guardedClient(client, refusals, pool),
    onForeign: (pool, ref, message) => refusals.foreign(pool, targetOf("apply", configMaps, ref), message),
    logger,
  };
  const creditsStore = new CreditsStore({ ...saving, clock, metrics });
  const series = new PoolSeries(metrics, new ImagePulls({ client: options.events, logger }));
  const pools: Controller = new Controller({
    ...common,
    name: "pool",
    concurrency: POOL_CONCURRENCY,
    reconcile: poolReconciler({
      client,
      pools: options.pools.store,
      world: {
        deployments: options.deployments.store,
        replicaSets: options.replicaSets.store,
        pods: options.pods.store,
        hub,
        sidecarImage: options.sidecarImage,
      },
      memories,
      refusals,
      podEvents: new PodEvents({ client: options.events, clock, logger }),
      victims: new VictimVerifier({ isEmpty: (pod) => isEmpty(workers, pod), enqueue, clock }),
      enqueue,
      forecastStore: new ForecastStore({ ...saving, clock }),
      creditsStore,
      credentials: new CredentialsCheck(client, clock),
      reporter: new Reporter({ record: options.record, logger, metrics }),
      series,
      onReported: (key) => {
        for (const handler of reported) handler(key);
      },
      metrics,
      clock,
    }),
  });
  const warmups = new Controller({
    ...common,
    name: "warmup",
    concurrency: WARMUP_CONCURRENCY,
    reconcile: warmupReconciler({
      client,
      refusals,
      pools: options.pools.store,
      pods: options.pods.store,
      workers,
      loadPresets: presetLoader({ client, workers, clock, onSession: (pool, engine) => creditsStore.warmedUp(pool, engine) }),
      clock,
    }),
  });

  options.pools.onChange(enqueue);
  options.deployments.onChange((_key, after, before) => enqueueOwner(pools, after ?? before));
  options.replicaSets.onChange((_key, after, before) => enqueueOwner(pools, after ?? before));
  options.pods.onChange((key, after, before) => {
    enqueueOwner(pools, after ?? before);
    if (after !== undefined) warmups.enqueue(key);
    series.podChanged(after, before, clock.now());
  });
  return {
    enqueue,
    memory: (key) => memories.find(key),
    onReported: (handler) => {
      reported.add(handler);
      return () => reported.delete(handler);
    },
    refusals,
    run: async (signal) => {
      await Promise.all([pools.run(signal), warmups.run(signal)]);
      series.clear();
    },
  };
}

/** A pod without an address never had a session. */
async function isEmpty(workers: Pick<WorkerCalls, "isEmpty">, pod: PodView): Promise<boolean> {
  if (pod.ip === undefined || !pod.running) return true;
  const engine = findEngine(pod.engine);
  return engine !== undefined && workers.isEmpty(httpOrigin(pod.ip, engine.port), engine);
}

/** Enqueues the pool that a watched object belongs to. */
export function enqueueOwner(pools: Controller, object: Pick<PodView, "namespace" | "pool"> | undefined): void {
  if (object !== undefined && object.pool !== "") pools.enqueue(poolKey({ namespace: object.namespace, name: object.pool }));
}
