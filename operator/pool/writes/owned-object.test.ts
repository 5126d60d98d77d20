import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { pool } from "../../../test/support/pools.ts";
import { conflict, forbidden, outage, RecordingClient } from "../../../test/support/recording-client.ts";
import type { PoolConfig } from "../../api/pool-config.ts";
import { disruptionBudgets, networkPolicies } from "../../kube/resource-types.ts";
import { IndexedStore } from "../../kube/store.ts";
import { keyOf } from "../../kube/types.ts";
import { workerNetworkPolicy } from "../../resources/network-policy.ts";
import { workerDisruptionBudget } from "../../resources/pdb.ts";
import { Refusals } from "../refusals/refusals.ts";
import type { PoolView } from "../views.ts";
import { type OwnedObjectOptions, type OwnedView, ownedObjectReconciler, ownedView } from "./owned-object.ts";

const view = pool();
const wanted = workerDisruptionBudget(view.config);

const ofBudget: Pick<OwnedObjectOptions, "type" | "ownedBy"> = {
  type: disruptionBudgets,
  ownedBy: (config) => ({ object: workerDisruptionBudget(config), isNeeded: true }),
};

function setup(seen: readonly OwnedView[], options = ofBudget) {
  const client = new RecordingClient();
  const pools = new IndexedStore<PoolView>();
  pools.set("avatars/support", view, "1");
  const clock = new FakeClock();
  const refusals = new Refusals({ clock, random: () => 1, onRefused: () => {} });
  const objects = new IndexedStore<OwnedView>();
  for (const object of seen) objects.set(keyOf(object), object, "1");
  const reconcile = ownedObjectReconciler({ client, refusals, pools, objects, ...options });
  return { client, clock, refusals, pools, objects, run: (key = "avatars/support") => reconcile(key) };
}

describe("ownedObjectReconciler", () => {
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
    const settled = setup([ownedView(wanted)]);
    await settled.run();
    await settled.run("avatars/no-such-pool");
    expect(settled.client.take()).toEqual([]);
  });

  it("reverts foreign changes", async () => {
    const { client, run } = setup([ownedView({ ...wanted, spec: { ...wanted.spec, minAvailable: 1 } })]);
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
    const { client, refusals, run } = setup([{ ...ownedView(wanted), ownerUid: "former-uid" }]);
    await run();
    expect(client.writes).toMatchObject([{ force: true, sent: { metadata: { ownerReferences: [{ uid: "pool-uid" }] } } }]);
    expect(refusals.of("avatars/support")).toEqual([]);
  });

  it("leaves a budget unchanged that has our labels but another owner, or that was created meanwhile", async () => {
    const shown = setup([{ ...ownedView(wanted), ownerUid: undefined, ownerPool: undefined }]);
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

  it("holds a read that the API server rejects, and forgets it once the watch shows the object", async () => {
    const { client, objects, refusals, run } = setup([]);
    client.get = () => Promise.reject(forbidden('User "o" cannot get resource "poddisruptionbudgets"'));
    await expect(run()).rejects.toThrow("cannot get");
    expect(refusals.of("avatars/support")).toMatchObject([{ verb: "get", kind: "PodDisruptionBudget" }]);
    expect(await run()).toEqual({ kind: "requeue", afterMs: 10_000 });
    const shown = ownedView(wanted);
    objects.set(keyOf(shown), shown, "1");
    await run();
    expect([refusals.of("avatars/support"), client.requests]).toEqual([[], 0]);
  });

  it("deletes the object once the pool opts out, and forgets its rejection", async () => {
    const opted = { type: networkPolicies, ownedBy: policyOf };
    const policy = { ...ownedView(policyOf(view.config).object), uid: "policy-uid" };
    const shown = setup([policy], opted);
    await shown.run();
    expect(shown.client.requests).toBe(0);
    shown.pools.set("avatars/support", pool({ networkPolicy: { enabled: false } }, { generation: 2 }), "2");
    await shown.run();
    expect(shown.client.writes).toMatchObject([
      { verb: "delete", plural: "networkpolicies", name: "support-workers", sent: { uid: "policy-uid" } },
    ]);

    const refused = setup([], opted);
    refused.client.refuses = () => forbidden("no");
    await expect(refused.run()).rejects.toThrow("no");
    expect(refused.refusals.of("avatars/support")).toHaveLength(1);
    refused.pools.set("avatars/support", pool({ networkPolicy: { enabled: false } }, { generation: 2 }), "2");
    await refused.run();
    expect([refused.refusals.of("avatars/support"), refused.client.requests]).toEqual([[], 1]);
  });

  it("leaves a foreign object unchanged if the pool opts out", async () => {
    const foreign = { ...ownedView(policyOf(view.config).object), ownerUid: "other-uid" };
    const { client, run } = setup([foreign], {
      type: networkPolicies,
      ownedBy: (config) => ({ ...policyOf(config), isNeeded: false }),
    });
    await run();
    expect(client.requests).toBe(0);
  });

  it("writes a spec once that the API server stores in another form, and reverts a later change", async () => {
    const { client, objects, run } = setup([]);
    await run();
    const stored = { ...ownedView(wanted), spec: { ...wanted.spec, selector: {} } };
    objects.set(keyOf(stored), { ...stored, generation: 2 }, "2");
    await run();
    expect(client.requests, "of the form that the API server stored").toBe(1);
    objects.set(keyOf(stored), { ...stored, generation: 3 }, "3");
    await run();
    expect(client.requests).toBe(2);
  });
});

function policyOf(config: PoolConfig) {
  return { object: workerNetworkPolicy(config, []), isNeeded: config.networkPolicy.enabled };
}
