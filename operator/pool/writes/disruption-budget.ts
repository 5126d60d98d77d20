import { isDeepStrictEqual } from "node:util";
import type { V1PodDisruptionBudget, V1PodDisruptionBudgetSpec } from "@kubernetes/client-node";
import { KIND, labels } from "../../api/names.ts";
import { isConflict } from "../../kube/errors.ts";
import { disruptionBudgets } from "../../kube/resource-types.ts";
import type { Store } from "../../kube/store.ts";
import { type Json, keyOf, type ObjectRef } from "../../kube/types.ts";
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
  /** Name of the pool that owns it, or that owned it; the UID distinguishes a former pool from the current one. */
  readonly ownerPool: string | undefined;
  readonly spec: Json<V1PodDisruptionBudgetSpec> | undefined;
}

export function budgetView({ metadata = {}, spec }: Json<V1PodDisruptionBudget>): BudgetView {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    pool: metadata.labels?.[labels.pool] ?? "",
    ownerUid: owner?.uid,
    ownerPool: owner?.kind === KIND ? owner.name : undefined,
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
 * Keeps the PodDisruptionBudget of a pool as it should be. Its owner reference deletes it with the pool, after the last
 * session. The pool's `Ready` condition reports a budget that cannot be written, or whose name is taken. A foreign budget is read
 * again after a backoff; the operator never writes to it. The budget of a former pool of the same name is taken over: the garbage
 * collector may leave it for minutes.
 * @throws KubeError the first time that a request fails.
 */
export function budgetReconciler({ client, refusals, pools, budgets }: BudgetOptions): (key: string) => Promise<Outcome> {
  return async (key) => {
    const pool = pools.get(key)?.config;
    if (pool === undefined) return awaitChange;
    const wanted = workerDisruptionBudget(pool);
    const ref = wanted.metadata;
    const shown = budgets.get(keyOf(ref));
    if (shown?.ownerUid === pool.uid && isDeepStrictEqual(shown.spec, wanted.spec)) return awaitChange;
    const target = targetOf("apply", disruptionBudgets, ref);
    const heldMs = refusals.waitMs(pool, target);
    if (heldMs !== undefined) return requeueAfter(heldMs);
    const guarded = guardedClient(client, refusals, pool);
    const isForeign = () => requeueAfter(refusals.foreign(pool, target, foreignBudget(ref)));
    // The watch shows no budget without our labels.
    const seen = shown ?? (await read(guarded, ref));
    if (seen !== undefined && seen.ownerUid !== pool.uid && seen.ownerPool !== pool.name) return isForeign();
    try {
      // Without force, a budget that was created in the meantime is not taken over.
      await guarded.apply(disruptionBudgets, wanted, { force: seen !== undefined });
    } catch (error) {
      if (seen === undefined && isConflict(error)) return isForeign();
      // A refused write is held from now on: the next reconcile returns for how long.
      throw error;
    }
    return awaitChange;
  };
}

async function read(client: PoolClient, ref: ObjectRef): Promise<BudgetView | undefined> {
  const found = await client.get<Json<V1PodDisruptionBudget>>(disruptionBudgets, ref);
  return found && budgetView(found);
}
