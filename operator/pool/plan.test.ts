import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  agentsOnly,
  deployment,
  gpuGroup,
  gpuOnly,
  NOW_MS,
  type PodChange,
  type PodStage,
  pod,
  pool,
  snapshot,
  type WorldChange,
} from "../../test/support/pools.ts";
import { JOBS } from "../api/pool-config.ts";
import type { AvatarPoolSpecInput } from "../api/v1alpha1/index.ts";
import { Memories } from "./memory.ts";
import { changesOf, type Plan, plan } from "./plan.ts";
import type { PodView, PoolView } from "./views.ts";

const gpu = (view: PoolView, change: WorldChange = {}) => {
  const planned = plan(snapshot(view, change));
  const group = planned.groups[0];
  if (group?.kind !== "scale") throw new Error("expected the group to scale");
  const decisions = changesOf(planned);
  return { ...planned, replicas: group.replicas, step: group.step, decisions, reason: decisions[0]?.reason };
};
const warm = (count: number) => Array.from({ length: count }, (_, index) => pod(`w${index}`));
const names = (workers: readonly { readonly pod: string }[]) => workers.map((worker) => worker.pod);
const quick = { ...gpuOnly, scaling: { scaleDownAfter: "0s" } };

describe("plan", () => {
  it("creates the workers that a new pool needs, and states the reason", () => {
    const planned = plan(snapshot(pool({}, { finalizers: [] }), { deployments: [] }));
    expect(changesOf(planned)).toEqual([
      expect.objectContaining({ group: "gpu", from: 0, to: 1, reason: expect.stringContaining("1 warm = 1 slots") }),
      expect.objectContaining({ group: "cpu", from: 0, to: 1 }),
    ]);
  });

  it("sets the finalizer when the pool has pods to drain", () => {
    const fresh = pool(gpuOnly, { finalizers: [] });
    expect(plan(snapshot(fresh, { deployments: [] })).finalizer).toBe("keep");
    expect(plan(snapshot(fresh, { pods: warm(1) })).finalizer).toBe("add");
  });

  it("grows at once for waiting launches and for a worker's 503", () => {
    expect(gpu(pool(gpuOnly), { pods: warm(1), queued: { maya: 4 } }).replicas).toBe(3);
    expect(gpu(pool(gpuOnly), { pods: warm(1), sessions: { w0: 2 }, worker503: { maya: 2 } }).replicas).toBe(3);
  });

  it("does not grow for launches that the maker's account rejects", () => {
    const accountErrors = { limit: { count: 9, lastMs: NOW_MS }, noCredits: { count: 9, lastMs: NOW_MS } };
    expect(gpu(pool(gpuOnly), { pods: warm(1), accountErrors })).toMatchObject({ replicas: 1, requeueAfterMs: 300_000 });
  });

  it("keeps slots free for jobs from LiveKit: by their number, by the load of the workers, and for jobs that no worker took", () => {
    const view = pool(agentsOnly);
    const agents = [0, 1].map((index) => pod(`w${index}`, { group: "agents", engine: "livekit-agent" }));
    const of = (change: WorldChange) => gpu(view, { pods: agents, ...change });
    expect(of({ sessions: { w0: 2, w1: 1 } }).replicas).toBe(2);
    expect(of({ sessions: { w0: 2, w1: 2 } }).replicas).toBe(3);
    expect(of({ sessions: { w0: 1, w1: 1 }, blocked: { w0: 1, w1: 1 } })).toMatchObject({
      replicas: 3,
      reason: "2 sessions + 2 blocked by load + 0 queued + 1 warm = 5 slots / 2 per worker = 3",
    });
    expect(of({ sessions: { w0: 2, w1: 1 }, worker503: { [JOBS]: 2 } }).replicas).toBe(3);
  });

  it("plans again when the deficit ends", () => {
    expect(gpu(pool(gpuOnly), { pods: warm(2), worker503: { maya: 1 } }).requeueAfterMs).toBe(60_000);
  });

  it("keeps a size until it has been too large for scaleDownAfter, then cordons before it shrinks", () => {
    const memory = new Memories().of("p");
    const view = pool({ ...gpuOnly, scaling: { scaleDownAfter: "1m" } });
    const before = gpu(view, { pods: warm(3), memory });
    expect(before).toMatchObject({ replicas: 3, step: { cordon: [] }, requeueAfterMs: 60_000 });
    const group = before.groups[0];
    if (group?.kind === "scale") memory.wanted.set("gpu", group.wanted);
    const after = gpu(view, { pods: warm(3), memory, nowMs: NOW_MS + 60_000 });
    expect(after).toMatchObject({ replicas: 3, decisions: [] });
    expect(after.step.cordon).toHaveLength(2);
  });

  it("lowers replicas by the workers that are empty and cordoned at every gateway, and names them", () => {
    const pods = [pod("w0"), pod("w1", { cordonedAtMs: NOW_MS }), pod("w2", { cordonedAtMs: NOW_MS })];
    const change = { pods, sessions: { w1: 1 } };
    expect(gpu(pool(quick), change)).toMatchObject({ replicas: 2, decisions: [{ from: 3, to: 2 }] });
    expect(gpu(pool(quick), change).reason).toContain("removed idle workers w2");
    expect(gpu(pool(quick), { ...change, unacknowledged: ["w2"] }).replicas).toBe(3);
  });

  it("uncordons workers when demand returns", () => {
    const pods = [pod("w0"), pod("w1", { cordonedAtMs: NOW_MS })];
    const planned = gpu(pool(quick), { pods, queued: { maya: 3 } });
    expect(names(planned.step.uncordon)).toEqual(["w1"]);
  });

  it("states why nothing changed", () => {
    const reason = (view: PoolView, change: WorldChange) => plan(snapshot(view, change)).records[0]!;
    expect(reason(pool(gpuOnly), { pods: warm(1) })).toMatchObject({
      outcome: "unchanged",
      reason: "unchanged: 0 sessions + 0 queued + 1 warm = 1 slots / 2 per worker = 1",
      inputs: { sessions: 0, buffer: 1, slotsPerWorker: 2, min: 0, max: 10, holdMs: 300_000, wantedLately: 1 },
    });
    expect(reason(pool(gpuOnly), { pods: warm(3) }).reason).toContain("at most 3 were wanted within the last 5m");
    expect(reason(pool(quick), { pods: [pod("a", { cordonedAtMs: 1 }), pod("b")], sessions: { a: 1 } }).reason).toContain(
      "waiting for 1 sessions on 1 cordoned workers to end",
    );
    expect(reason(pool({ ...gpuOnly, scaling: { paused: true } }), { pods: warm(1), queued: { maya: 9 } }).reason).toBe(
      "unchanged: paused, within min 0 and max 10",
    );
  });

  it("adds at most one step at once, and the next step when these workers exist", () => {
    const large = { ...gpuOnly, workers: [{ ...gpuGroup, max: 100 }], scaling: { maxStep: 4 } };
    const first = gpu(pool(large), { pods: warm(1), queued: { maya: 50 } });
    expect(first.replicas).toBe(5);
    expect(first.reason).toContain("limited to 4 more workers per step");
    const asked = [deployment("gpu", { replicas: 5 })];
    expect(gpu(pool(large), { deployments: asked, pods: warm(2), queued: { maya: 50 } }).replicas).toBe(6);
    expect(gpu(pool(large), { deployments: asked, pods: warm(5), queued: { maya: 50 } }).replicas).toBe(9);
    expect(gpu(pool({ ...large, workers: [{ ...gpuGroup, min: 30, max: 100 }] }), { pods: [] }).replicas).toBe(30);
  });

  it("keeps the configured slots: a share, a minimum of a preset, a window of the schedule", () => {
    const replicas = (spec: Partial<AvatarPoolSpecInput>) => gpu(pool({ ...gpuOnly, ...spec }), { pods: [] }).replicas;
    const sessions = { w0: 2, w1: 2, w2: 2, w3: 2 };
    expect(gpu(pool({ ...gpuOnly, warm: { slots: "50%" } }), { pods: warm(4), sessions }).replicas).toBe(8);
    expect(replicas({ warm: { slots: "20%" } })).toBe(1);
    expect(replicas({ presets: [{ ...gpuOnly.presets[0]!, warmSlots: 5 }] })).toBe(3);
    const noon = { cron: "0 12 * * *", duration: "1h", slots: 7 };
    expect(replicas({ warm: { schedule: [noon] } })).toBe(4);
    expect(replicas({ warm: { slots: 9, schedule: [noon] } })).toBe(5);
    const soon = { ...noon, cron: "5 12 * * *" };
    expect(gpu(pool({ ...gpuOnly, warm: { schedule: [soon] } }), { pods: warm(1) })).toMatchObject({
      replicas: 1,
      requeueAfterMs: 300_000 - 45_000,
    });
  });

  it("uses the forecast for auto, with its own time for scaling down", () => {
    const forecast = new Map([["gpu", { slots: 5, holdMs: 7_000, because: "5 warm for 99% of launches" }]]);
    const planned = plan({ ...snapshot(pool(gpuOnly), { pods: [] }), forecast });
    expect(planned.records[0]).toMatchObject({ to: 3, inputs: { holdMs: 7_000 } });
    expect(planned.records[0]!.reason).toContain("= 3 (5 warm for 99% of launches)");
    expect(plan({ ...snapshot(pool({ ...gpuOnly, warm: { slots: 1 } })), forecast }).records[0]!.to).toBe(1);
  });

  it("starts nothing for launches beyond limits.maxSessions", () => {
    const view = pool({ ...gpuOnly, limits: { maxSessions: 5 }, warm: { slots: 4 } });
    expect(gpu(view, { pods: warm(2), sessions: { w0: 2, w1: 1 }, queued: { maya: 9 } }).replicas).toBe(3);
  });

  it("fills the next group if no node is found, keeps one worker waiting for a node, and removes the others", () => {
    const view = pool({ ...gpuOnly, workers: [gpuGroup, { ...gpuGroup, name: "spot" }], scaling: { scaleDownAfter: "1h" } });
    const pending = (ageMs: number) =>
      Array.from({ length: 5 }, (_, index) => pod(`p${index}`, { stage: "unscheduled", createdAtMs: NOW_MS - ageMs }));
    const planned = (ageMs: number, memory = new Memories().of("p")) => {
      const change = { pods: [pod("w0"), ...pending(ageMs)], sessions: { w0: 2 }, queued: { maya: 8 }, memory };
      return plan(snapshot(view, change)).groups.map((each) => (each.kind === "scale" ? each : undefined));
    };
    expect(planned(59_000).map((each) => each?.replicas)).toEqual([6, 0]);

    const [gpuPlan, spot] = planned(61_000);
    expect(spot?.replicas).toBe(5);
    expect(gpuPlan).toMatchObject({ shortage: { allowance: 4 }, step: { cordon: [{ scheduled: false }] } });

    const memory = new Memories().of("p");
    memory.nodeShortages.set("gpu", { allowance: 1, changedAtMs: NOW_MS - 61_000 });
    expect(planned(900_000, memory)[0]?.step.cordon).toHaveLength(4);
  });

  it("fills the next group if a quota prevents more workers", () => {
    const view = pool({ ...gpuOnly, workers: [gpuGroup, { ...gpuGroup, name: "spot" }] });
    const replicas = (refusedSinceMs: number) => {
      const deployments = [deployment("gpu", { replicas: 9, refusedSinceMs }), deployment("spot", { replicas: 0 })];
      const planned = plan(snapshot(view, { pods: warm(2), sessions: { w0: 2, w1: 2 }, deployments, queued: { maya: 12 } }));
      return planned.groups.map((each) => (each.kind === "scale" ? each.replicas : 0));
    };
    expect(replicas(NOW_MS - 50_000)).toEqual([9, 0]);
    expect(replicas(NOW_MS - 61_000)).toEqual([6, 7]);
  });

  it("replaces workers on lost nodes at once", () => {
    const lost = { ...pod("w0"), ready: false };
    expect(gpu(pool(gpuOnly), { pods: [lost, pod("w1")], sessions: { w0: 2, w1: 1 } }).replicas).toBe(3);
    const justWarmed = { ...lost, warmSinceMs: NOW_MS - 5_000 };
    expect(gpu(pool(gpuOnly), { pods: [justWarmed, pod("w1")], sessions: { w0: 2, w1: 1 } }).replicas).toBe(2);
  });

  it("removes no worker while gateways reach workers that the watch does not show", () => {
    const hidden = {
      ...snapshot(pool(quick), { pods: warm(3), deployments: [deployment("gpu", { replicas: 6 })] }),
      unseenWorkers: 2,
    };
    const planned = plan(hidden);
    expect(planned.groups[0]).toMatchObject({ replicas: 6, step: { cordon: [], unfilled: 0 } });
    expect(planned.records[0]!.reason).toContain("waiting for the watch to show 2 workers");
  });

  it("removes idle old workers one by one while a rollout finds no node, and none while the rollout proceeds", () => {
    const old = (name: string, change: PodChange = {}) => pod(name, { template: "t1", revision: "r1", ...change });
    const deployments = [deployment("gpu", { replicas: 3, template: "t2" })];
    const going = { cordonedAtMs: NOW_MS - 9_000 };
    const waits = (createdAtMs: number) => pod("new", { template: "t2", revision: "r2", stage: "unscheduled", createdAtMs });
    const scene = (createdAtMs: number) => ({ pods: [old("a"), old("b", going), old("c"), waits(createdAtMs)], deployments });
    const stuck = gpu(pool(quick), { ...scene(NOW_MS - 30_000), sessions: { a: 1 } });
    expect(stuck).toMatchObject({ replicas: 2, step: { release: [{ pod: "b" }], cordon: [] } });
    expect(gpu(pool(quick), { ...scene(NOW_MS - 30_000), sessions: { a: 1, b: 1 } })).toMatchObject({ replicas: 3 });
    expect(gpu(pool(quick), scene(NOW_MS - 10_000))).toMatchObject({ replicas: 3, step: { release: [] } });
    // Without a surge an old worker is gone before the new one exists. The missing replica is not a deficit.
    expect(gpu(pool(quick), { pods: [old("a"), old("b")], deployments })).toMatchObject({ replicas: 3, step: { unfilled: 0 } });
  });

  it("rejects a foreign Deployment, and still sizes the other groups", () => {
    const foreign = deployment("gpu", { owner: "nobody", replicas: 7 });
    const planned = plan(snapshot(pool(), { deployments: [foreign] }));
    expect(planned.groups).toMatchObject([
      { kind: "refused", why: expect.stringContaining("belongs to no pool") },
      { kind: "scale" },
    ]);
    expect(changesOf(planned).map(({ group }) => group)).toEqual(["cpu"]);
  });

  it("starts no worker without the secret, and keeps those that run", () => {
    const without: WorldChange = { credentials: { kind: "no-secret" }, queued: { maya: 9 } };
    expect(gpu(pool(gpuOnly), { ...without, deployments: [] }).replicas).toBe(0);
    expect(gpu(pool(gpuOnly), { ...without, pods: warm(2) }).replicas).toBe(2);
    expect(gpu(pool(gpuOnly), { ...without, pods: warm(2) }).requeueAfterMs).toBe(5_000);
    expect(gpu(pool(gpuOnly), { credentials: { kind: "unknown", why: "no answer" }, deployments: [] }).replicas).toBe(1);
  });

  it("scales a group that the pool no longer has to zero, then removes its Deployment", () => {
    const own = deployment("gpu", { replicas: 1 });
    const retired = (change: WorldChange & { readonly replicas?: number }) =>
      plan(snapshot(pool(gpuOnly), { ...change, deployments: [own, deployment("old", { replicas: change.replicas ?? 1 })] }))
        .retire[0];
    const old = (change: object = {}) => pod("o", { group: "old", ...change });
    expect(names(retired({ pods: [pod("w0"), old()] })!.step.cordon)).toEqual(["o"]);
    expect(retired({ pods: [old({ cordonedAtMs: 1 })], sessions: { o: 1 } })).toMatchObject({ replicas: 1, remove: false });
    expect(retired({ pods: [old({ cordonedAtMs: 1 })] })).toMatchObject({ replicas: 0, remove: false });
    expect(retired({ pods: [old({ deleting: true })], replicas: 0 })).toMatchObject({ remove: false });
    expect(retired({ replicas: 0 })).toMatchObject({ remove: true });
  });
});

describe("plan for a pool that is being deleted", () => {
  const deletedAt = (agoMs: number) => ({ deletionTimestamp: new Date(NOW_MS - agoMs).toISOString() });
  const drain = { ...gpuOnly, workers: [{ ...gpuGroup, drain: { timeout: "10m" } }] };

  it("keeps workers with sessions until the drain timeout", () => {
    const planned = plan(snapshot(pool(drain, deletedAt(60_000)), { pods: warm(2), sessions: { w0: 1, w1: 1 } }));
    expect(planned).toMatchObject({ finalizer: "keep", requeueAfterMs: 540_000 });
    expect(changesOf(planned)).toEqual([]);
    expect(names(planned.retire[0]!.step.cordon)).toHaveLength(2);
  });

  it("removes all workers at the drain timeout", () => {
    const planned = plan(snapshot(pool(drain, deletedAt(600_000)), { pods: warm(2), sessions: { w0: 1 } }));
    expect(planned.retire[0]!.expired.map(({ name }) => name)).toEqual(["w0", "w1"]);
    expect(changesOf(planned)).toMatchObject([{ to: 0, reason: expect.stringContaining("drain.timeout has expired") }]);
  });

  it("removes the finalizer when no worker is left", () => {
    expect(plan(snapshot(pool(drain, deletedAt(0)), { deployments: [] })).finalizer).toBe("remove");
    expect(plan(snapshot(pool(drain, deletedAt(0)), { deployments: [deployment("gpu", { replicas: 0 })] }))).toMatchObject({
      finalizer: "keep",
      retire: [{ remove: true }],
    });
  });

  it("leaves foreign Deployments unchanged", () => {
    const foreign = deployment("gpu", { owner: "other" });
    expect(plan(snapshot(pool(drain, deletedAt(0)), { deployments: [foreign] }))).toMatchObject({
      finalizer: "remove",
      retire: [],
    });
  });
});

interface Scene {
  readonly view: PoolView;
  readonly change: WorldChange & { readonly pods: readonly PodView[] };
}

const pods = fc
  .array(
    fc.record({
      stage: fc.constantFrom<PodStage>("unscheduled", "pending", "starting", "answering", "warm"),
      sessions: fc.nat(2),
      cordon: fc.constantFrom("none", "asked", "seen"),
      revision: fc.constantFrom("r1", "r1", "r1", "r2"),
    }),
    { maxLength: 8 },
  )
  .map((list) => list.map((each, index) => ({ ...each, name: `w${index}` })));

const sceneOf = (scaling: { readonly paused: boolean; readonly scaleDownAfter: string }, gateways: 0 | 1) =>
  fc
    .record({
      pods,
      min: fc.nat(4),
      extra: fc.integer({ min: 1, max: 6 }),
      warmSlots: fc.nat(6),
      queued: fc.nat(6),
      worker503: fc.nat(3),
    })
    .map(
      ({ pods: members, min, extra, warmSlots, queued, worker503 }): Scene => ({
        view: pool({
          ...gpuOnly,
          warm: { slots: warmSlots },
          scaling,
          workers: [{ ...gpuGroup, min, max: min + extra }],
        }),
        change: {
          gateways,
          pods: members.map(({ name, stage, cordon, revision }) =>
            pod(name, { stage, revision, ...(cordon === "none" ? {} : { cordonedAtMs: 1 }) }),
          ),
          sessions: Object.fromEntries(
            members.map(({ name, stage, sessions }) => [name, stage === "answering" || stage === "warm" ? sessions : 0]),
          ),
          unacknowledged: members.filter(({ cordon }) => cordon === "asked").map(({ name }) => name),
          queued: { maya: queued },
          worker503: { maya: worker503 },
        },
      }),
    );
const scenes = fc.oneof(...(["0s", "1m"] as const).map((scaleDownAfter) => sceneOf({ paused: false, scaleDownAfter }, 1)));
const boundsOf = ({ view }: Scene) => view.config.groups[0]!;

/** The world after the plan and Kubernetes' response to it, without new reports from gateways. */
function carriedOut({ view, change }: Scene, planned: Plan): Scene {
  const group = planned.groups[0];
  if (group?.kind !== "scale") throw new Error("expected the group to scale");
  const { step } = group;
  const has = (list: readonly { readonly uid: string }[], { uid }: PodView) => list.some((worker) => worker.uid === uid);
  const kept = change.pods
    .filter((member) => !has(step.release, member))
    .map((member) => ({
      ...member,
      cordonedAtMs: has(step.cordon, member) ? NOW_MS : has(step.uncordon, member) ? undefined : member.cordonedAtMs,
    }));
  const fresh = Math.max(0, group.replicas - kept.length);
  const created = Array.from({ length: fresh }, (_, index) => pod(`n${change.pods.length + index}`, { stage: "unscheduled" }));
  const memory = new Memories().of("p");
  memory.wanted.set("gpu", group.wanted);
  return {
    view,
    change: {
      ...change,
      memory,
      pods: [...kept, ...created],
      unacknowledged: [...(change.unacknowledged ?? []), ...names(step.cordon)],
    },
  };
}

describe("plan, for any world", () => {
  it("grows to min and never beyond max, and shrinks by empty workers only", () => {
    fc.assert(
      fc.property(scenes, (scene) => {
        const { min, max } = boundsOf(scene);
        const current = scene.change.pods.length;
        const { replicas, step, decisions } = gpu(scene.view, scene.change);
        expect(replicas).toBeGreaterThanOrEqual(min);
        expect(replicas).toBeLessThanOrEqual(Math.max(current, max));
        if (replicas < current) expect(current - replicas).toBe(step.release.length);
        for (const worker of step.release) expect(worker.busy).toBe(0);
        expect(decisions).toHaveLength(replicas === current ? 0 : 1);
      }),
    );
  });

  it("is stable: a plan for its own result changes nothing", () => {
    fc.assert(
      fc.property(scenes, (start) => {
        let scene = start;
        // Grow or cordon, release workers without a node, and once more after a rollout.
        for (let round = 0; round < 3; round++) scene = carriedOut(scene, plan(snapshot(scene.view, scene.change)));
        expect(gpu(scene.view, scene.change)).toMatchObject({
          decisions: [],
          replicas: scene.change.pods.length,
          step: { cordon: [], uncordon: [], release: [] },
        });
      }),
    );
  });

  it("keeps a size within bounds while paused, for any demand", () => {
    fc.assert(
      fc.property(sceneOf({ paused: true, scaleDownAfter: "0s" }, 1), (scene) => {
        const { min, max } = boundsOf(scene);
        const current = scene.change.pods.length;
        fc.pre(current >= min && current <= max);
        expect(gpu(scene.view, scene.change)).toMatchObject({ replicas: current, step: { cordon: [], release: [] } });
      }),
    );
  });

  it("never shrinks a size within bounds while no gateway reports sessions", () => {
    fc.assert(
      fc.property(sceneOf({ paused: false, scaleDownAfter: "0s" }, 0), (scene) => {
        const current = scene.change.pods.length;
        fc.pre(current <= boundsOf(scene).max);
        const { replicas, step } = gpu(scene.view, scene.change);
        expect(replicas).toBeGreaterThanOrEqual(current);
        expect(step.cordon).toEqual([]);
      }),
    );
  });
});
