import type { V1Pod } from "@kubernetes/client-node";
import { httpOrigin } from "../../api/http-origin.ts";
import { WARM_GATE } from "../../api/names.ts";
import { type GroupConfig, type PoolConfig, poolKey } from "../../api/pool-config.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isGoneOrReplaced } from "../../kube/errors.ts";
import { pods } from "../../kube/resource-types.ts";
import type { Store } from "../../kube/store.ts";
import type { Json } from "../../kube/types.ts";
import type { Clock } from "../../runtime/clock.ts";
import { awaitChange, type Outcome, requeueAfter } from "../../runtime/outcome.ts";
import { guardedClient, type PoolClient } from "../refusals/guarded-client.ts";
import { targetOf } from "../refusals/refusal.ts";
import type { Refusals } from "../refusals/refusals.ts";
import { type PodView, type PoolView, WARMUP_FAILED } from "../views.ts";
import { isWarm } from "./warmth.ts";
import type { WorkerCalls } from "./worker-calls.ts";

/** Loads each preset of a group on a worker by a short real session. Throws an Error with a readable message on failure. */
export type PresetLoader = (
  pool: PoolConfig,
  group: GroupConfig,
  origin: string,
  pod: PodView,
  signal: AbortSignal,
) => Promise<void>;

type Caller = Pick<WorkerCalls, "call">;

export interface WarmupOptions {
  readonly client: PoolClient;
  readonly refusals: Refusals;
  readonly pools: Store<PoolView>;
  readonly pods: Store<PodView>;
  readonly workers: Caller;
  readonly loadPresets: PresetLoader;
  readonly clock: Clock;
}

/**
 * Warms up one worker and sets its gate.
 *
 * Expected flow: the worker passes its probes -> its pipeline is exercised -> in `session` mode its presets are loaded ->
 * gate True. A restarted worker is cold: its gate is set to False first.
 *
 * Errors: a failed warm-up is retried with a growing delay, and the gate has the reason. If the API server rejects the gate, the
 * pool's `Ready` condition reports it, and the worker is not warmed up again before the next attempt.
 */
export function warmupReconciler(options: WarmupOptions): (key: string, signal: AbortSignal) => Promise<Outcome> {
  const { refusals, clock } = options;
  return async (key, signal) => {
    const pod = options.pods.get(key);
    const pool = pod === undefined ? undefined : options.pools.get(poolKey({ namespace: pod.namespace, name: pod.pool }));
    const group = pool?.config.groups.find(({ name }) => name === pod?.group);
    if (pod === undefined || pool === undefined || group === undefined || pod.deleting) return awaitChange;
    if (pod.end !== undefined || isWarm(pod) || !pod.containersReady || pod.ip === undefined) return awaitChange;

    const target = targetOf("apply", pods, pod, "status");
    const heldMs = refusals.waitMs(pool.config, target);
    if (heldMs !== undefined) return requeueAfter(heldMs);
    const { settleMs = 0 } = group.engine;
    // The clock of the worker's machine may be ahead.
    const unsettledMs = Math.min(settleMs, (pod.startedAtMs ?? 0) + settleMs - clock.now());
    if (unsettledMs > 0) return requeueAfter(unsettledMs);
    const client = guardedClient(options.client, refusals, pool.config);
    const gate = (status: "True" | "False", reason: string, message: string) =>
      setGate(client, pod, { status, reason, message, nowMs: clock.now() });
    if (pod.warmSinceMs !== undefined) await gate("False", "Restarted", "the worker restarted and is being warmed up");
    try {
      const origin = httpOrigin(pod.ip, group.engine.port);
      await exercise(options.workers, group, origin, signal);
      if (pool.config.warm.mode === "session") await options.loadPresets(pool.config, group, origin, pod, signal);
    } catch (error) {
      await gate("False", WARMUP_FAILED, error instanceof Error ? error.message : String(error));
      throw error;
    }
    await gate("True", "Warm", pool.config.warm.mode === "session" ? "all presets are loaded" : "the rendering pipeline is warm");
    return awaitChange;
  };
}

async function exercise(workers: Caller, { engine }: GroupConfig, origin: string, signal: AbortSignal): Promise<void> {
  for (const { method, path, timeoutMs } of engine.warmup) {
    const { status } = await workers.call({ method, origin, path, timeoutMs, signal });
    if (status >= 300) throw new Error(`warm-up failed: the worker responded ${status} to ${method} ${path}`);
  }
}

interface Gate {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
  readonly nowMs: number;
}

async function setGate(client: Pick<KubeClient, "apply">, pod: PodView, { status, reason, message, nowMs }: Gate): Promise<void> {
  const { namespace, name, uid } = pod;
  // Whole seconds, rounded up: the gate must not appear older than the worker's start, even if the clock of the worker's
  // machine is ahead.
  const sinceMs = Math.max(nowMs, pod.startedAtMs ?? 0);
  const lastTransitionTime = new Date(Math.ceil(sinceMs / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
  const object: Json<V1Pod> = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name, uid },
    status: { conditions: [{ type: WARM_GATE, status, reason, message: message.slice(0, 500), lastTransitionTime }] },
  };
  try {
    await client.apply(pods, object, { subresource: "status" });
  } catch (error) {
    // The pod was deleted, or another pod has its name.
    if (!isGoneOrReplaced(error)) throw error;
  }
}
