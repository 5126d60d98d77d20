import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuGroup, type Scenario, Stage } from "../support/scenario/index.ts";

/** Pods that have a worker's labels but are no workers: failed pods and copies. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open();
});

afterAll(async () => {
  await stage?.stop();
});

const LOW_ON_MEMORY = "The node was low on resource: memory.";

/** A pool whose only worker was evicted with two sessions on it. @returns the name of its pod. */
async function evicted(scenario: Scenario, spec: object = {}): Promise<string> {
  await scenario.readyPool({ workers: [gpuGroup({ min: 1 })], warm: { slots: 0 }, ...spec });
  const [busy = ""] = await scenario.sessions(2);
  await scenario.failPod(busy, "Evicted", LOW_ON_MEMORY);
  await scenario.until("the status to count no session", async () => (await scenario.status()).sessions === 0);
  return busy;
}

describe.concurrent("a pod that was evicted with sessions", () => {
  it("is replaced", async () => {
    const scenario = await stage.scenario("evicted");
    const gone = await evicted(scenario);
    // Two sessions fill the worker: a full worker that a gateway uses too early would fail its startup probe.
    const workers = await scenario.sessions(2);
    expect(workers).not.toContain(gone);
    await scenario.until("one ready worker with the sessions", async () => {
      const [group] = (await scenario.status()).groups ?? [];
      return group?.desired === 1 && group.ready === 1 && group.sessions === 2;
    });
  });

  it("does not prevent its group from scaling down", async () => {
    const scenario = await stage.scenario("evicted-shrinks");
    await evicted(scenario);
    await scenario.pool({ workers: [gpuGroup({ min: 0 })], warm: { slots: 0 }, scaling: { scaleDownAfter: "0s" } });
    await scenario.until("a group without workers", async () => (await scenario.replicas()) === 0);
  });

  it("does not block a rollout", async () => {
    const scenario = await stage.scenario("evicted-rollout");
    await evicted(scenario);
    const group = gpuGroup({ min: 1, coldStart: "2s", image: "registry.test/expression:new" });
    await scenario.pool({ workers: [group], warm: { slots: 0 } });
    const images = async () =>
      (await scenario.pods()).filter(({ status }) => status?.phase === "Running").map(({ spec }) => spec?.containers[0]?.image);
    await scenario.until("new workers only", async () => (await images()).join() === "registry.test/expression:new");
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
  });

  it("does not block the deletion of its pool", async () => {
    const scenario = await stage.scenario("evicted-deleted");
    await evicted(scenario);
    await scenario.deletePool();
    await scenario.until("the pool and its pods to be removed", async () => {
      return (await scenario.getPool()) === undefined && (await scenario.pods()).length === 0;
    });
  });
});

it("pods that their node repeatedly does not admit: the pool reports their number and the kubelet's reason", async () => {
  const scenario = await stage.scenario("not-admitted");
  await scenario.pool({ workers: [gpuGroup({ min: 1 })] });
  await scenario.until("the pool to report failing workers", async () => {
    const running = (await scenario.pods()).filter(({ status }) => status?.phase !== "Failed");
    for (const { metadata } of running)
      await scenario.failPod(
        metadata?.name ?? "",
        "UnexpectedAdmissionError",
        "Allocate failed due to no healthy devices present.",
      );
    return (await scenario.status()).conditions?.some(({ reason }) => reason === "WorkerFailing") === true;
  });
  const message = await scenario.condition("WarmCapacity", { status: "False", reason: "WorkerFailing" });
  expect(message).toMatch(
    /: (10 or more|[3-9]) pods of group gpu ended within 10m, the latest with UnexpectedAdmissionError: Allocate failed/,
  );
  expect(message).toMatch(/: check the device plugin of their nodes; list them: kubectl -n not-admitted get pods /);
});

it("a pod with a worker's labels but without the group's ReplicaSet gets no launch and is not counted", async () => {
  const scenario = await stage.scenario("copied-labels");
  await scenario.readyPool();
  const [worker] = await scenario.pods();
  const { "pod-template-hash": _, ...labels } = worker?.metadata?.labels ?? {};
  const containers = (worker?.spec?.containers ?? []).map(({ volumeMounts: _mounts, ...container }) => container);
  const spec = { containers, tolerations: worker?.spec?.tolerations };
  const copy = { apiVersion: "v1", kind: "Pod", metadata: { name: "copy", labels }, spec };
  await scenario.kubectl(["create", "-f", "-"], JSON.stringify(copy));
  const answers = () => stage.fleet.worker("copy")?.pod.namespace === scenario.namespace;
  await scenario.until("the copy to run", answers);
  const workers = await scenario.sessions(4);
  expect(workers).not.toContain("copy");
  await scenario.until("three workers with four sessions", async () => {
    const [group] = (await scenario.status()).groups ?? [];
    return group?.desired === 3 && group.sessions === 4;
  });
  await scenario.deletePool();
  scenario.endSessions();
  await scenario.until("the pool to be removed", async () => (await scenario.getPool()) === undefined);
  expect(await scenario.podNames()).toContain("copy");
});
