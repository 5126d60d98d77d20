import { conditionTypes } from "../api/conditions.ts";
import { formatDuration } from "../api/duration.ts";
import type { KubeClient } from "../kube/client.ts";
import { avatarPools } from "../kube/resource-types.ts";
import { type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import { runWatcher } from "../kube/watcher.ts";
import type { Clock, Random } from "../runtime/clock.ts";
import { noSuchPool } from "./cluster.ts";
import { CommandError } from "./exit.ts";
import type { Print } from "./output.ts";
import { conditionOf, poolStatus } from "./status/pool-status.ts";
import { WatchedPools } from "./status/watched-pools.ts";

/** What can be waited for, with the condition that reports it. */
export const waitGoals = { ready: conditionTypes.ready, warm: conditionTypes.warmCapacity } as const;
export type WaitGoal = keyof typeof waitGoals;

export interface WaitOptions extends ObjectRef {
  readonly goal: WaitGoal;
  readonly timeoutMs: number;
}

export interface WaitSources {
  readonly client: Pick<KubeClient, "list" | "watch">;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * `avatarpool wait`: returns when the condition is True for the present spec.
 * @throws CommandError after the timeout with what is missing, and Error if the pool does not exist or is deleted.
 */
export async function waitFor({ client, clock, random }: WaitSources, options: WaitOptions, print: Print): Promise<void> {
  const { namespace, name, goal, timeoutMs } = options;
  const pool = { namespace, name };
  const ended = new AbortController();
  let result: Verdict | undefined;
  const judge = (): void => {
    const verdict = verdictOf(watched, pool, goal);
    // A later change does not alter a verdict: the watch is ending.
    if (ended.signal.aborted) return;
    result = verdict;
    if (verdict.kind !== "waiting") ended.abort();
  };
  const watched = new WatchedPools(({ metadata }: KubeObject) => metadata?.name === name, judge);
  const timer = clock.schedule(timeoutMs, () => ended.abort());
  await runWatcher({ client, type: avatarPools, namespace, clock, random, sink: watched }, ended.signal);
  timer.cancel();
  if (result?.kind === "failed") throw result.error;
  if (result?.kind === "met") return print(`AvatarPool ${keyOf(pool)} is ${goal}: ${result.why}`);
  const why = result?.why ?? "the API server did not respond";
  throw new CommandError(`AvatarPool ${keyOf(pool)} is not ${goal} after ${formatDuration(timeoutMs)}: ${why}`, "notMet");
}

type Verdict = { readonly kind: "met" | "waiting"; readonly why: string } | { readonly kind: "failed"; readonly error: unknown };

function verdictOf({ pools, failure, stale }: WatchedPools, ref: ObjectRef, goal: WaitGoal): Verdict {
  if (pools === undefined)
    return failure === undefined ? { kind: "waiting", why: stale ?? "no response yet" } : { kind: "failed", error: failure };
  const object = pools.get(keyOf(ref));
  if (object === undefined) return { kind: "failed", error: noSuchPool(ref) };
  const pool = poolStatus(object);
  const condition = conditionOf(pool, waitGoals[goal]);
  if (condition === undefined || condition.observedGeneration < pool.config.generation)
    return { kind: "waiting", why: "the operator has not reported on the present spec yet" };
  return { kind: condition.status === "True" ? "met" : "waiting", why: condition.message };
}
