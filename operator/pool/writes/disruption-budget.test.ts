import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { pool, storeOf } from "../../../test/support/pools.ts";
import { conflict, forbidden, outage, RecordingClient } from "../../../test/support/recording-client.ts";
import { IndexedStore } from "../../kube/store.ts";
import { workerDisruptionBudget } from "../../resources/pdb.ts";
import { Refusals } from "../refusals/refusals.ts";
import type { PoolView } from "../views.ts";
import { type BudgetView, budgetReconciler, budgetView } from "./disruption-budget.ts";

const view = pool();
const wanted = workerDisruptionBudget(view.config);

function setup(seen: readonly BudgetView[]) {
  const client = new RecordingClient();
  const pools = new IndexedStore<PoolView>();
  pools.set("avatars/support", view, "1");
  const clock = new FakeClock();
  const refusals = new Refusals({ clock, random: () => 1, onRefused: () => {} });
  const reconcile = budgetReconciler({ client, refusals, pools, budgets: storeOf(seen) });
  return { client, clock, refusals, run: (key = "avatars/support") => reconcile(key) };
}

describe("budgetReconciler", () => {
  it("creates the budget of a pool once", async () => {
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

  it("reverts foreign changes", async () => {
    const { client, run } = setup([budgetView({ ...wanted, spec: { ...wanted.spec, minAvailable: 1 } })]);
    await run();
    expect(client.writes).toMatchObject([{ force: true }]);
  });

  it("leaves a foreign budget of the name unchanged, reports it, and reads it again only after a while", async () => {
    const { client, clock, refusals, run } = setup([]);
    const ref = { namespace: "avatars", name: "support-protected" };
    client.put("poddisruptionbudgets", ref, { ...wanted, metadata: { ...ref } });
    expect(await run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    expect(refusals.of("avatars/support")).toMatchObject([
      { said: expect.stringMatching(/support-protected exists and does not belong to the pool: delete it, or rename/) },
    ]);
    expect(await run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    await clock.advance(10_000);
    expect(await run()).toEqual({ kind: "requeue", afterMs: 20_000 });
    expect(client.requests, "writes").toBe(0);
    client.objects.clear();
    await clock.advance(20_000);
    client.failNext = outage();
    await expect(run()).rejects.toThrow("no answer");
    await run();
    expect(client.writes).toMatchObject([{ force: false }]);
    expect(refusals.of("avatars/support")).toEqual([]);
  });

  it("takes over the budget of a former pool of the same name", async () => {
    const { client, refusals, run } = setup([{ ...budgetView(wanted), ownerUid: "former-uid" }]);
    await run();
    expect(client.writes).toMatchObject([{ force: true, sent: { metadata: { ownerReferences: [{ uid: "pool-uid" }] } } }]);
    expect(refusals.of("avatars/support")).toEqual([]);
  });

  it("leaves a budget unchanged that has our labels but another owner, or that was created meanwhile", async () => {
    const shown = setup([{ ...budgetView(wanted), ownerUid: undefined, ownerPool: undefined }]);
    expect(await shown.run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    expect(shown.client.requests).toBe(0);
    const created = setup([]);
    created.client.failNext = conflict();
    expect(await created.run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    expect(created.refusals.of("avatars/support")).toMatchObject([{ reason: "NameTaken" }]);
  });

  it("reports a budget that the API server rejects, and retries only after a while", async () => {
    const { client, clock, refusals, run } = setup([]);
    client.refuses = () => forbidden('admission webhook "w" denied the request: no');
    await expect(run()).rejects.toThrow("denied");
    expect(refusals.of("avatars/support")).toMatchObject([{ kind: "PodDisruptionBudget", status: 403 }]);
    expect(await run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    expect(client.requests).toBe(1);
    await clock.advance(10_000);
    client.refuses = () => undefined;
    await run();
    expect(refusals.of("avatars/support")).toEqual([]);
  });
});
