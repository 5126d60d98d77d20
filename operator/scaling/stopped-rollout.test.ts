import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextSizes } from "../../test/simulation/rollout.ts";
import { workerState as old } from "../../test/support/worker-state.ts";
import { replicaSetLosses, shrinkStopped, surgePods } from "./stopped-rollout.ts";
import type { WorkerState } from "./victims.ts";

const waits = { revision: "r2", scheduled: false, running: false, ready: false };
const cordoned = { cordonedAtMs: 1, cordonAcknowledged: true };
const one = () => 1;

describe("shrinkStopped", () => {
  it("removes one idle old worker after the other, and keeps the new one that waits", () => {
    const workers = [old("busy", { busy: 1 }), old("idle"), old("young", { createdAtMs: 9 }), old("new", waits)];
    expect(shrinkStopped(workers, 3, 1, "r2", one)).toMatchObject({ cordon: [{ pod: "young" }], release: [], lowerBy: 0 });
    const going = workers.map((worker) => (worker.pod === "young" ? { ...worker, ...cordoned } : worker));
    expect(shrinkStopped(going, 3, 1, "r2", one)).toMatchObject({ cordon: [], release: [{ pod: "young" }], lowerBy: 1 });
  });

  it("waits for sessions, for gateways, and for expected pods", () => {
    const leaving = (change: Partial<WorkerState>) => [
      old("a", { busy: 2 }),
      old("b", { ...cordoned, ...change }),
      old("new", waits),
    ];
    expect(shrinkStopped(leaving({ busy: 1 }), 2, 1, "r2", one)).toMatchObject({
      release: [],
      waitingFor: "1 sessions on 1 cordoned workers to end",
    });
    expect(shrinkStopped(leaving({ cordonAcknowledged: false }), 2, 1, "r2", one)).toMatchObject({ release: [], lowerBy: 0 });
    expect(shrinkStopped(leaving({}), 1, 1, "r2", one)).toMatchObject({ cordon: [], release: [], uncordon: [{ pod: "b" }] });
    expect(shrinkStopped(leaving({ released: true }), 1, 1, "r2", one)).toMatchObject({ uncordon: [] });
  });

  it("removes workers of both ReplicaSets if Kubernetes may shrink either", () => {
    const workers = [old("a", cordoned), old("b", { revision: "r2", busy: 1, ...cordoned })];
    expect(shrinkStopped(workers, 2, 1, "r2", () => 0)).toMatchObject({ release: [], lowerBy: 0 });
    const idle = workers.map((worker) => ({ ...worker, busy: 0 }));
    expect(shrinkStopped(idle, 2, 1, "r2", () => 0)).toMatchObject({ release: idle, lowerBy: 1 });
  });

  it("removes a waiting new worker if there are as many new ones as replicas", () => {
    const fresh = (name: string, change: Partial<WorkerState> = {}) => old(name, { revision: "r2", ...change });
    const workers = [old("a", { busy: 1 }), fresh("b"), fresh("c"), fresh("d"), fresh("new", { ...waits, ...cordoned })];
    expect(shrinkStopped(workers, 4, 2, "r2", () => 2)).toMatchObject({ cordon: [], release: [{ pod: "new" }], lowerBy: 1 });
    expect(shrinkStopped(workers.slice(0, 4), 4, 2, "r2", () => 2)).toMatchObject({ release: [], lowerBy: 0 });
  });
});

describe("replicaSetLosses", () => {
  it("takes one from the largest, more in proportion, and one from each of equal size", () => {
    expect(replicaSetLosses([10, 1], 11, 10)).toEqual([1, 0]);
    expect(replicaSetLosses([10, 1], 11, 5)).toEqual([5, 1]);
    expect(replicaSetLosses([3, 2], 5, 3)).toEqual([1, 1]);
    expect(replicaSetLosses([2, 2, 1], 5, 4)).toEqual([1, 1, 0]);
  });
});

const stoppedRollouts = fc
  .record({
    maxSurge: fc.constantFrom<number | string>(0, 1, 2, "25%", "50%"),
    replicas: fc.integer({ min: 2, max: 9 }),
    states: fc.array(
      fc.record({
        revision: fc.constantFrom("r1", "r2", "r3"),
        ready: fc.boolean(),
        busy: fc.nat(1),
        cordon: fc.constantFrom("none", "asked", "acknowledged"),
      }),
      { minLength: 14, maxLength: 14 },
    ),
    ages: fc.shuffledSubarray(["r1", "r2", "r3"], { minLength: 3 }),
  })
  .map(({ maxSurge, replicas, states, ages }) => ({
    ages,
    replicas,
    surgeOf: (count: number) => surgePods(maxSurge, count),
    workers: states.slice(0, replicas + surgePods(maxSurge, replicas)).map(({ revision, ready, busy, cordon }, index) =>
      old(`w${index}`, {
        revision,
        ...(ready ? { busy } : { running: false, ready: false }),
        ...(cordon === "none" ? {} : { cordonedAtMs: 1 }),
        cordonAcknowledged: cordon === "acknowledged",
      }),
    ),
  }));

describe("shrinkStopped, in any stopped rollout", () => {
  it("never lets Kubernetes delete a worker with sessions, or one that may still be sent launches", () => {
    let released = 0;
    fc.assert(
      fc.property(stoppedRollouts, ({ workers, replicas, surgeOf, ages }) => {
        const step = shrinkStopped(workers, replicas, 1, "r3", surgeOf);
        expect(step.lowerBy).toBe(step.release.length > 0 || step.lowerBy === 1 ? 1 : 0);
        if (step.lowerBy === 0) return;
        released += step.release.length;
        const of = (hash: string) => workers.filter(({ revision }) => revision === hash);
        const sets = ages.map((hash) => ({
          hash,
          replicas: of(hash).length,
          pods: of(hash).length,
          ready: of(hash).filter(({ ready }) => ready).length,
          desired: replicas,
          most: replicas + surgeOf(replicas),
        }));
        const bounds = { desired: replicas - 1, maxSurge: surgeOf(replicas - 1), maxUnavailable: 1, paused: false };
        const sizes = nextSizes(sets, "r3", bounds);
        if (sets.filter((set) => set.replicas > 0).length < 2) return;
        for (const [hash, size] of sizes.replicas) {
          const order = of(hash).sort(
            (a, b) =>
              Number(a.running) - Number(b.running) ||
              Number(step.release.includes(b)) - Number(step.release.includes(a)) ||
              b.busy - a.busy,
          );
          for (const gone of order.slice(0, of(hash).length - size)) {
            expect(gone.busy).toBe(0);
            expect(gone.cordonedAtMs).toBeDefined();
            expect(gone.cordonAcknowledged || !gone.running).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
    expect(released).toBeGreaterThan(50);
  });
});
