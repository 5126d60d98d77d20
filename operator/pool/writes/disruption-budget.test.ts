import { describe, expect, it } from "vitest";
import { pool, storeOf } from "../../../test/support/pools.ts";
import { conflict, outage, RecordingClient } from "../../../test/support/recording-client.ts";
import { IndexedStore } from "../../kube/store.ts";
import { workerDisruptionBudget } from "../../resources/pdb.ts";
import type { PoolView } from "../views.ts";
import { type BudgetView, budgetReconciler, budgetView } from "./disruption-budget.ts";

const view = pool();
const wanted = workerDisruptionBudget(view.config);

function setup(seen: readonly BudgetView[]) {
  const client = new RecordingClient();
  const pools = new IndexedStore<PoolView>();
  pools.set("avatars/support", view, "1");
  const reconcile = budgetReconciler({ client, pools, budgets: storeOf(seen) });
  return { client, run: (key = "avatars/support") => reconcile(key) };
}

describe("budgetReconciler", () => {
  it("gives a pool its budget, once", async () => {
    const { client, run } = setup([]);
    await run();
    expect(client.writes).toMatchObject([
      {
        plural: "poddisruptionbudgets",
        name: "support-protected",
        sent: {
          metadata: { ownerReferences: [{ kind: "AvatarPool", uid: "pool-uid" }] },
          spec: { minAvailable: 1_000_000, unhealthyPodEvictionPolicy: "IfHealthyBudget" },
        },
      },
    ]);
    const settled = setup([budgetView(wanted)]);
    await settled.run();
    await settled.run("avatars/no-such-pool");
    expect(settled.client.take()).toEqual([]);
  });

  it("puts right what somebody changed", async () => {
    const { client, run } = setup([budgetView({ ...wanted, spec: { ...wanted.spec, minAvailable: 1 } })]);
    await run();
    expect(client.writes).toMatchObject([{ force: true }]);
  });

  it("leaves a budget alone that has the name and is not the pool's, and says what to do", async () => {
    const { client, run } = setup([{ ...budgetView(wanted), ownerUid: undefined }]);
    client.failNext = conflict();
    await expect(run()).rejects.toThrow(/support-protected exists and is not the pool's: delete it, or rename/);
    client.failNext = outage();
    await expect(run()).rejects.toThrow("no answer");
    await run();
    expect(client.writes).toMatchObject([{ force: false }]);
  });
});
