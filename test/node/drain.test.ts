import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, NodeCalls } from "../support/node/calls.ts";
import { PodLog } from "../support/node/pod-log.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { CPU_NODE, NodeStage } from "../support/node/stage.ts";

/** Everything that removes a pod while calls run on it. No call ends by it. */

/** After a change of a pod, the kubelet acts on the next one only when it has listed the containers again: every second. */
const KUBELET_LOOK_MS = 2_000;

let stage: NodeStage;
let scenario: NodeScenario;
let calls: NodeCalls;

beforeAll(async () => {
  stage = await NodeStage.open();
  scenario = await stage.scenario("drain");
  calls = new NodeCalls(stage, scenario);
  await scenario.warmPool(spec());
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

function spec(group: object = {}): object {
  return nodePoolSpec(stage, {
    groups: ["cpu"],
    cpu: { min: 2, max: 4, drain: { timeout: "10m" }, ...group },
    spec: { scaling: { scaleDownAfter: "5s" } },
  });
}

function follow(pod: string, container: string): Promise<PodLog> {
  return PodLog.follow(stage.cluster.plane.kubeconfig, scenario.namespace, pod, container);
}

async function exists(pod: string): Promise<boolean> {
  return (await scenario.pod(pod)) !== undefined;
}

/** The call goes on while its pod is being deleted, and the pod goes once the call has ended by itself. */
async function outlives(call: Call): Promise<void> {
  await scenario.until(`${call.pod} to be deleted`, async () => isTerminating(call.pod));
  await calls.plays(call);
  await calls.hangUp(call);
  await scenario.until(`${call.pod} to be gone`, async () => !(await exists(call.pod)));
}

async function isTerminating(pod: string): Promise<boolean> {
  return (await scenario.pod(pod))?.metadata?.deletionTimestamp !== undefined;
}

/** Changes the pool. Resolves once all workers of another template are gone. */
async function renew(changed: object): Promise<void> {
  const old = await scenario.podNames();
  await scenario.pool(changed);
  await scenario.until("the workers to be replaced", async () => (await scenario.podNames()).every((name) => !old.includes(name)));
  await scenario.warmPool(changed);
}

describe("a deleted pod", () => {
  it("waits for the call, and SIGTERM follows the call's end", async () => {
    const call = await calls.start();
    const { room, pod } = call;
    using hook = await follow(pod, "drain-hook");
    using worker = await follow(pod, "worker");
    await sleep(KUBELET_LOOK_MS);
    const deletedMs = await scenario.deletePod(pod);
    const begun = await hook.line(/the pod is being deleted/);
    await calls.plays(call);
    await scenario.until("a warm worker in its place", async () => ((await scenario.status()).groups?.[0]?.warm ?? 0) >= 2);
    const endedMs = await scenario.end(room);
    const term = await worker.line(/draining: 0 sessions are left/);
    await scenario.until(`${pod} to be gone`, async () => !(await exists(pod)));
    console.error("a deleted pod, ms:", { hookAfterDelete: begun.atMs - deletedMs, termAfterEnd: term.atMs - endedMs });
    expect(term.atMs).toBeGreaterThan(endedMs);
  });

  it("ends a call that outlasts drain.timeout: its avatar leaves the room, and the worker has ended it before SIGTERM", async () => {
    await renew(spec({ drain: { timeout: "12s" } }));
    const { room, pod } = await calls.start();
    using worker = await follow(pod, "worker");
    await sleep(KUBELET_LOOK_MS);
    const deletedMs = await scenario.deletePod(pod);
    const term = await worker.line(/draining: \d+ sessions are left/);
    console.error("drain.timeout of 12 s, SIGTERM after ms:", term.atMs - deletedMs);
    expect(term.text).toContain("draining: 0 sessions");
    expect(term.atMs - deletedMs).toBeGreaterThanOrEqual(12_000);
    expect(await stage.callers.watch(room)).toEqual([]);
    await scenario.until(`${pod} to be gone`, async () => !(await exists(pod)));
    await calls.endAll();
    await renew(spec());
  });
});

describe("with a live call", () => {
  it("a scale-down takes the idle workers", async () => {
    await scenario.warmPool(spec({ min: 4 }));
    const call = await calls.start();
    await scenario.changePool(spec({ min: 1 }));
    await scenario.until("one worker to be left", async () => (await scenario.podNames()).join() === call.pod);
    await calls.plays(call);
    await calls.hangUp(call);
    await scenario.warmPool(spec());
  });

  it("kubectl rollout restart replaces the workers, and the call's worker last", async () => {
    const call = await calls.start();
    await scenario.kubectl(["rollout", "restart", "deployment/pool-cpu"]);
    await outlives(call);
    await scenario.warmPool(spec());
  });

  it("a changed pod template replaces the workers, and the call's worker last", async () => {
    const call = await calls.start();
    await scenario.changePool(spec({ env: [{ name: "SESSION_IDLE_TIMEOUT", value: "601" }] }));
    await outlives(call);
    await scenario.warmPool(spec());
  });

  it("kubectl drain empties the node once the call has ended, and not before", async () => {
    const call = await calls.start();
    const node = (await scenario.pod(call.pod))?.spec?.nodeName ?? CPU_NODE;
    const drained = stage.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=170s");
    await scenario.until("the idle pods to leave the node", async () => (await stage.podsOn(node)).join() === call.pod);
    await calls.plays(call);
    expect(await isTerminating(call.pod)).toBe(false);
    await calls.hangUp(call);
    await drained;
    expect(await stage.podsOn(node)).toEqual([]);
    await stage.kubectl("uncordon", node);
    await scenario.warmPool(spec());
  });

  it("helm upgrade replaces operator and gateways, and no worker", async () => {
    const call = await calls.start();
    const workers = await scenario.podNames();
    await stage.install("logLevel=debug");
    await calls.plays(call);
    const next = await calls.start();
    expect(await scenario.podNames()).toEqual(workers);
    await calls.hangUp(call, next);
  });
});
