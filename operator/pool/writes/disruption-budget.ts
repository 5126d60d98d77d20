import { isDeepStrictEqual } from "node:util";
import type { V1PodDisruptionBudget, V1PodDisruptionBudgetSpec } from "@kubernetes/client-node";
import { labels } from "../../api/names.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isConflict } from "../../kube/errors.ts";
import { disruptionBudgets } from "../../kube/resource-types.ts";
import type { Store } from "../../kube/store.ts";
import { type Json, keyOf } from "../../kube/types.ts";
import { workerDisruptionBudget } from "../../resources/pdb.ts";
import { awaitChange, type Outcome } from "../../runtime/outcome.ts";
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
  readonly client: Pick<KubeClient, "apply">;
  readonly pools: Store<PoolView>;
  readonly budgets: Store<BudgetView>;
}

/**
 * Keeps the PodDisruptionBudget of a pool as it should be. Its owner reference makes it go with the pool, after the last
 * session.
 * @throws Error in words where the name is taken by an object that is not the pool's: it is left untouched.
 */
export function budgetReconciler({ client, pools, budgets }: BudgetOptions): (key: string) => Promise<Outcome> {
  return async (key) => {
    const pool = pools.get(key)?.config;
    if (pool === undefined) return awaitChange;
    const wanted = workerDisruptionBudget(pool);
    const seen = budgets.get(keyOf(wanted.metadata));
    const own = seen?.ownerUid === pool.uid;
    if (own && isDeepStrictEqual(seen.spec, wanted.spec)) return awaitChange;
    try {
      // Without force what is not ours is not taken over.
      await client.apply(disruptionBudgets, wanted, { force: own });
    } catch (error) {
      if (own || !isConflict(error)) throw error;
      const { namespace, name } = wanted.metadata;
      throw new Error(`PodDisruptionBudget ${namespace}/${name} exists and is not the pool's: delete it, or rename the pool`, {
        cause: error,
      });
    }
    return awaitChange;
  };
}
