import { isDeepStrictEqual } from "node:util";
import type { V1PodDisruptionBudget, V1PodDisruptionBudgetSpec } from "@kubernetes/client-node";
import { labels } from "../../api/names.ts";
import { isConflict } from "../../kube/errors.ts";
import { disruptionBudgets } from "../../kube/resource-types.ts";
import type { Store } from "../../kube/store.ts";
import { type Json, keyOf } from "../../kube/types.ts";
import { workerDisruptionBudget } from "../../resources/pdb.ts";
import { awaitChange, type Outcome, requeueAfter } from "../../runtime/outcome.ts";
import { foreignBudget } from "../name-taken.ts";
import { guardedClient, type PoolClient } from "../refusals/guarded-client.ts";
import { targetOf } from "../refusals/refusal.ts";
import type { Refusals } from "../refusals/refusals.ts";
import type { PoolView } from "../views.ts";

export interface BudgetView {
  readonly namespace: string;
  readonly name: string;
  readonly pool: string;
  readonly ownerUid: string | undefined;
  readonly spec: Json<V1PodDisruptionBudgetSpec> | undefined;
}

export function budgetView({ metadata = {}, spec }: Json<V1PodDisruptionBudget>): BudgetView {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    pool: metadata.labels?.[labels.pool] ?? "",
    ownerUid: metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid,
    spec,
  };
}

export interface BudgetOptions {
  readonly client: PoolClient;
  readonly refusals: Refusals;
  readonly pools: Store<PoolView>;
  readonly budgets: Store<BudgetView>;
}

/**
 * Keeps the PodDisruptionBudget of a pool as it should be. Its owner reference makes it go with the pool, after the last
 * session. A budget that cannot be written, or whose name is taken, is reported by the pool's `Ready` condition.
 * @throws KubeError the first time that a write fails.
 */
export function budgetReconciler({ client, refusals, pools, budgets }: BudgetOptions): (key: string) => Promise<Outcome> {
  return async (key) => {
    const pool = pools.get(key)?.config;
    if (pool === undefined) return awaitChange;
    const wanted = workerDisruptionBudget(pool);
    const seen = budgets.get(keyOf(wanted.metadata));
    const own = seen?.ownerUid === pool.uid;
    if (own && isDeepStrictEqual(seen.spec, wanted.spec)) return awaitChange;
    const target = targetOf("apply", disruptionBudgets, wanted.metadata);
    const heldMs = refusals.waitMs(pool, target);
    if (heldMs !== undefined) return requeueAfter(heldMs);
    try {
      // Without force what is not ours is not taken over.
      await guardedClient(client, refusals, pool).apply(disruptionBudgets, wanted, { force: own });
    } catch (error) {
      if (!own && isConflict(error)) return requeueAfter(refusals.foreign(pool, target, foreignBudget(wanted.metadata)));
      // What is refused is held from now on: the next look says for how long.
      throw error;
    }
    return awaitChange;
  };
}
