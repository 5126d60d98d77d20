import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workerState as warm } from "../../test/support/worker-state.ts";
import { shrink as shrinkOf, type WorkerState } from "./victims.ts";

const shrink = (workers: readonly WorkerState[], replicas: number, target: number, oneReplicaSet = true) =>
  shrinkOf(workers, replicas, target, oneReplicaSet);
const cordoned = { cordonedAtMs: 1, cordonAcknowledged: true };
const pods = (workers: readonly WorkerState[]) => workers.map(({ pod }) => pod);

describe("shrink", () => {
  it("cordons the emptiest and the youngest first, exactly as many as to remove", () => {
    const workers = [warm("busy", { busy: 2 }), warm("old"), warm("young", { createdAtMs: 9 }), warm("some", { busy: 1 })];
    expect(pods(shrink(workers, 4, 2).cordon)).toEqual(["young", "old"]);
  });

  it("selects workers that cannot serve before workers that can", () => {
    const workers = [
      warm("idle"),
      warm("cold", { ready: false }),
      warm("pending", { scheduled: false, running: false, ready: false }),
    ];
    expect(pods(shrink(workers, 3, 1).cordon)).toEqual(["pending", "cold"]);
  });

  it("releases a cordoned worker only when it is empty and every gateway has acknowledged", () => {
    const kept = warm("kept", { busy: 1 });
    expect(pods(shrink([kept, warm("a", { ...cordoned, busy: 1 })], 2, 1).release)).toEqual([]);
    expect(pods(shrink([kept, warm("a", { ...cordoned, cordonAcknowledged: false })], 2, 1).release)).toEqual([]);
    expect(pods(shrink([kept, warm("a", cordoned)], 2, 1).release)).toEqual(["a"]);
  });

  it("reports what it waits for", () => {
    expect(shrink([warm("a", { ...cordoned, busy: 3 }), warm("b")], 2, 1).waitingFor).toBe(
      "3 sessions on 1 cordoned workers to end",
    );
    expect(shrink([warm("a", { cordonedAtMs: 1 }), warm("b")], 2, 1).waitingFor).toBe("gateways to acknowledge the cordon");
  });

  it("uncordons when demand returns, the busiest first", () => {
    const workers = [warm("a", { ...cordoned, busy: 2 }), warm("b", cordoned), warm("c")];
    expect(pods(shrink(workers, 3, 3).uncordon)).toEqual(["a", "b"]);
    expect(pods(shrink(workers, 3, 2).uncordon)).toEqual(["a"]);
  });

  it("releases no worker while Kubernetes would delete another one that is not ready but has sessions", () => {
    const workers = [warm("starting", { ready: false, busy: 1 }), warm("idle", cordoned), warm("kept")];
    expect(pods(shrink(workers, 3, 2).release)).toEqual([]);
  });

  it("releases no starting worker beside a busy unready one, because Kubernetes would delete the latter after the former is ready", () => {
    const workers = [warm("starting", { ready: false, ...cordoned }), warm("busy", { ready: false, busy: 1 })];
    expect(pods(shrink(workers, 2, 1).release)).toEqual([]);
  });

  it("keeps the mark of a released worker until its pod is gone, even if demand returns", () => {
    const released = warm("gone", { ...cordoned, released: true });
    expect(shrink([released, warm("a"), warm("b", { busy: 1 })], 2, 2)).toMatchObject({ uncordon: [], cordon: [] });
  });

  it("removes replicas without a pod, and no pod with them", () => {
    expect(shrink([warm("a"), warm("b")], 7, 1)).toMatchObject({ unfilled: 5, release: [], cordon: [] });
    expect(shrink([warm("a"), warm("b")], 7, 4)).toMatchObject({ unfilled: 3 });
  });

  it("releases all workers together during a rollout when none has a session", () => {
    const [a, b] = [warm("a"), warm("b", { revision: "r2" })];
    expect(shrink([a, b], 1, 0)).toMatchObject({ cordon: [a, b], release: [] });
    const [idle, next] = [warm("a", cordoned), warm("b", { ...cordoned, revision: "r2" })];
    expect(shrink([idle, { ...next, busy: 1 }], 1, 0)).toMatchObject({ release: [] });
    expect(shrink([idle, { ...next, cordonAcknowledged: false }], 1, 0)).toMatchObject({ release: [] });
    expect(shrink([idle, next], 1, 0)).toMatchObject({ release: [idle, next] });
  });

  it("waits while pods and replicas disagree, and during a rollout", () => {
    expect(shrink([warm("a"), warm("b")], 3, 1)).toMatchObject({
      cordon: [],
      release: [],
      waitingFor: "2 pods exist for 3 replicas",
    });
    expect(shrink([warm("a"), warm("b", { revision: "r2" })], 3, 1)).toMatchObject({ lowerBy: 0, unfilled: 0 });
    // The missing pod may belong to a reverted template. Kubernetes then deletes a pod of the other ReplicaSet.
    expect(shrink([warm("a", { busy: 1 })], 2, 1, false)).toMatchObject({ lowerBy: 0, unfilled: 0 });
    expect(shrink([warm("a"), warm("b", { revision: "r2" })], 2, 1)).toMatchObject({
      cordon: [],
      waitingFor: "a rollout is under way",
    });
  });
});

const workerLists = fc
  .array(
    fc.record({
      stage: fc.constantFrom("unscheduled", "pending", "unready", "ready"),
      busy: fc.nat(3),
      cordon: fc.constantFrom("none", "asked", "acknowledged"),
      createdAtMs: fc.nat(1_000),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ stage, busy, cordon, createdAtMs }, index) =>
      warm(`w${index}`, {
        createdAtMs,
        scheduled: stage !== "unscheduled",
        running: stage === "unready" || stage === "ready",
        ready: stage === "ready",
        busy: stage === "ready" || stage === "unready" ? busy : 0,
        ...(cordon === "none" ? {} : { cordonedAtMs: 1 }),
        cordonAcknowledged: cordon === "acknowledged",
      }),
    ),
  );

/**
 * The pods that the ReplicaSet controller deletes by its rules (`ActivePodsWithRanks`) if the released workers carry the low
 * deletion cost. A tie deletes the busiest pod, the worst case.
 */
function replicaSetVictims(
  workers: readonly WorkerState[],
  released: readonly WorkerState[],
  count: number,
): readonly WorkerState[] {
  const cost = (worker: WorkerState) => (released.includes(worker) ? -1 : 0);
  return [...workers]
    .sort(
      (a, b) =>
        Number(a.scheduled) - Number(b.scheduled) ||
        Number(a.running) - Number(b.running) ||
        Number(a.ready) - Number(b.ready) ||
        cost(a) - cost(b) ||
        b.busy - a.busy,
    )
    .slice(0, count);
}

describe("shrink, for any group", () => {
  it("never lets Kubernetes delete a worker with sessions, or one that may still be sent launches", () => {
    fc.assert(
      fc.property(workerLists, fc.nat(12), (workers, target) => {
        const { release } = shrink(workers, workers.length, target);
        for (const victim of replicaSetVictims(workers, release, release.length)) {
          expect(victim.busy).toBe(0);
          expect(victim.cordonedAtMs).toBeDefined();
          expect(victim.cordonAcknowledged || !victim.running).toBe(true);
        }
      }),
    );
  });

  it("never falls below the target, and cordons exactly the number of workers to remove", () => {
    fc.assert(
      fc.property(workerLists, fc.nat(12), (workers, target) => {
        const step = shrink(workers, workers.length, target);
        expect(workers.length - step.release.length).toBeGreaterThanOrEqual(Math.min(target, workers.length));
        const before = workers.filter(({ cordonedAtMs }) => cordonedAtMs !== undefined).length;
        expect(before + step.cordon.length - step.uncordon.length).toBe(Math.max(0, workers.length - target));
      }),
    );
  });

  it("reaches the target after sessions end, gateways respond and workers become warm", () => {
    fc.assert(
      fc.property(workerLists, fc.nat(12), (start, target) => {
        let workers: readonly WorkerState[] = start;
        for (let round = 0; round < 40 && workers.length > target; round++) {
          const step = shrink(workers, workers.length, target);
          const gone = new Set(replicaSetVictims(workers, step.release, step.release.length));
          workers = workers
            .filter((worker) => !gone.has(worker))
            .map(({ cordonedAtMs, ...worker }) => {
              const isCordoned =
                (cordonedAtMs !== undefined || step.cordon.some(({ uid }) => uid === worker.uid)) &&
                !step.uncordon.some(({ uid }) => uid === worker.uid);
              return {
                ...worker,
                ...(isCordoned ? cordoned : { cordonAcknowledged: false }),
                ready: worker.ready || worker.running,
                busy: isCordoned ? Math.max(0, worker.busy - 1) : worker.busy,
              };
            });
        }
        expect(workers.length).toBe(Math.min(start.length, target));
      }),
    );
  });
});
