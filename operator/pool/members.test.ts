import { describe, expect, it } from "vitest";
import { deployment, gpuOnly, NOW_MS, type PodChange, pod, pool, snapshot } from "../../test/support/pools.ts";
import { conditionsOf } from "./conditions/conditions.ts";
import { plan } from "./plan.ts";
import { ABANDONED_AFTER_MS } from "./planning/drain-end.ts";
import { ENDED_KEPT, FAILURE_SPAN_MS } from "./planning/failures.ts";

/** Pods that their ReplicaSet no longer counts, and that no plan waits for. */

const quick = { ...gpuOnly, warm: { slots: 0 }, scaling: { scaleDownAfter: "0s" } };
const evicted: PodChange = { ended: { reason: "Evicted", message: "The node was low on resource: memory.", atMs: NOW_MS } };
const ready = (change: Parameters<typeof snapshot>[1], view = pool(gpuOnly)) => {
  const seen = snapshot(view, change);
  return conditionsOf(seen, plan(seen))[0];
};

describe("a pod that ended permanently", () => {
  it("is not a worker: its sessions do not count, and the group shrinks by the other pods", () => {
    const pods = [pod("idle", { cordonedAtMs: 1 }), pod("evicted", evicted)];
    const seen = snapshot(pool({ ...quick, limits: { maxSessions: 2 } }), {
      pods,
      deployments: [deployment("gpu", { replicas: 1 })],
      sessions: { evicted: 2 },
      queued: {},
    });
    expect(seen.groups[0]?.members).toMatchObject({ workers: [{ pod: "idle" }], terminatingBusy: 0, ended: [{ name: "evicted" }] });
    expect(seen.groups[0]?.members.protection.changes.size).toBe(0);
    const planned = plan(seen);
    expect(planned.groups[0]).toMatchObject({ replicas: 0, step: { release: [{ pod: "idle" }] } });
    expect(conditionsOf(seen, planned).find(({ type }) => type === "AccountLimit")).toMatchObject({ status: "False" });
  });

  it("leaves room for launches within limits.maxSessions", () => {
    const change = { pods: [pod("w"), pod("evicted", evicted)], deployments: [deployment("gpu", { replicas: 1 })] };
    const busy = { ...change, sessions: { w: 2, evicted: 2 }, queued: { maya: 2 } };
    expect(plan(snapshot(pool({ ...quick, limits: { maxSessions: 4 } }), busy)).groups[0]).toMatchObject({ replicas: 2 });
  });

  it("blocks no rollout", () => {
    const pods = [pod("new", { template: "t2", revision: "r2" }), pod("evicted", evicted)];
    const planned = plan(snapshot(pool(quick), { pods, deployments: [deployment("gpu", { replicas: 1, template: "t2" })] }));
    expect(planned.groups[0]).toMatchObject({ rollout: { kind: "none" } });
  });

  it.each<[string, PodChange]>([
    ["", evicted],
    [" and is being deleted", { ...evicted, deleting: true }],
  ])("does not delay the end of a deleted pool%s, for any reported sessions", (_how, change) => {
    const view = pool(gpuOnly, { deletionTimestamp: new Date(NOW_MS - 1_000).toISOString() });
    const pods = [pod("gone", change)];
    const planned = plan(snapshot(view, { pods, deployments: [deployment("gpu", { replicas: 0 })], sessions: { gone: 1 } }));
    expect(planned.retire).toMatchObject([{ remove: true }]);
  });

  it("does not make workers count as failing after one or two such pods", () => {
    const pods = [pod("next", { stage: "starting" }), pod("a", evicted), pod("b", evicted)];
    expect(ready({ pods })).toMatchObject({ reason: "Starting" });
  });

  it("makes the pool report the number and the reason if replacements keep ending, for a limited time", () => {
    const message = "Pod was rejected: Node didn't have enough resource: memory, requested: 64, used: 0, capacity: 32";
    const ended = { reason: "OutOfmemory", message };
    const pods = [
      pod("next", { stage: "starting" }),
      ...["a", "b", "c"].map((name, index) => pod(name, { ended: { ...ended, atMs: NOW_MS - index * 1_000 } })),
    ];
    const list = "-l avatarpool.dev/pool=support,avatarpool.dev/group=gpu --field-selector status.phase=Failed";
    expect(ready({ pods })).toMatchObject({
      status: "False",
      reason: "WorkerFailing",
      message:
        `maya cannot be launched: 3 pods of group gpu ended within 10m, the latest with OutOfmemory: ${message}: lower ` +
        `resources.requests of the group, or add nodes with more of that resource; list them: kubectl -n avatars get pods -o wide ${list}`,
    });
    const seen = snapshot(pool(gpuOnly), { pods });
    expect(plan(seen).requeueAfterMs).toBeLessThanOrEqual(FAILURE_SPAN_MS - 2_000);
    expect(ready({ pods, nowMs: NOW_MS + FAILURE_SPAN_MS - 2_000 })).toMatchObject({ reason: "Starting" });
  });

  it("blocks a rollout if its new workers end one after the other", () => {
    const former = pod("old", { template: "t0" });
    const fresh = ["a", "b", "c"].map((name) => pod(name, { ended: { reason: "UnexpectedAdmissionError" } }));
    const planned = plan(snapshot(pool(gpuOnly), { pods: [former, ...fresh], deployments: [deployment("gpu", { replicas: 1 })] }));
    expect(planned.groups[0]).toMatchObject({
      rollout: { kind: "blocked", reason: "WorkerFailing", message: expect.stringContaining("check the device plugin") },
    });
  });

  it("is deleted if there are many, the oldest first, and the latest ones stay for inspection", () => {
    const pods = Array.from({ length: ENDED_KEPT + 2 }, (_, index) =>
      pod(`e${index}`, { ended: { reason: "Evicted", atMs: NOW_MS - index * 1_000 } }),
    );
    const planned = plan(snapshot(pool(gpuOnly), { pods }));
    expect(planned.discard.map(({ name }) => name)).toEqual([`e${ENDED_KEPT + 1}`, `e${ENDED_KEPT}`]);
    expect(ready({ pods })).toMatchObject({ message: expect.stringContaining(`${ENDED_KEPT} or more pods of group gpu ended`) });
    const more = pods.flatMap(({ name }) => [0, 1, 2, 3, 4].map((copy) => pod(`${name}-${copy}`, evicted)));
    expect(plan(snapshot(pool(gpuOnly), { pods: more })).discard).toHaveLength(32);
  });
});

describe("a pod on a lost machine", () => {
  it("blocks nothing from a minute after its grace period", () => {
    const view = pool(gpuOnly, { deletionTimestamp: new Date(NOW_MS - 1_000).toISOString() });
    const removed = (endsAtMs: number) => {
      const change = { pods: [pod("a", { deleting: true, endsAtMs })], deployments: [deployment("gpu", { replicas: 0 })] };
      return plan(snapshot(view, { ...change, sessions: { a: 1 } }));
    };
    expect(removed(NOW_MS - ABANDONED_AFTER_MS).retire).toMatchObject([{ remove: true }]);
    expect(removed(NOW_MS - ABANDONED_AFTER_MS + 5)).toMatchObject({ retire: [{ remove: false }], requeueAfterMs: 5 });
  });
});
