import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PodLog } from "../support/node/pod-log.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { CPU_NODE, NodeStage } from "../support/node/stage.ts";

/** Everything that removes a pod while calls run on it. No call ends by it. */

let stage: NodeStage;
let scenario: NodeScenario;
let rooms = 0;

beforeAll(async () => {
  stage = await NodeStage.open();
  scenario = await stage.scenario("drain");
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

/** Starts a call. @returns its room and the worker's pod. */
async function call(): Promise<{ readonly room: string; readonly pod: string }> {
  const room = `call-${rooms++}`;
  await scenario.call(room, { avatar_id: "leo" });
  const [task] = (await scenario.activeTasks()).filter(({ room_name: name }) => name === room);
  return { room, pod: task?.pod ?? "" };
}

function follow(pod: string, container: string): Promise<PodLog> {
  return PodLog.follow(stage.cluster.plane.kubeconfig, scenario.namespace, pod, container);
}

async function exists(pod: string): Promise<boolean> {
  return (await scenario.podNames()).includes(pod);
}

/** The viewer still receives frames. */
async function plays(room: string): Promise<void> {
  await stage.callers.watch(room);
  await scenario.until(`frames in ${room}`, async () => ((await stage.callers.watch(room))[0]?.frames ?? 0) > 0);
}

/** The call goes on while its pod is being deleted, and the pod goes once the call has ended by itself. */
async function outlives(room: string, pod: string): Promise<void> {
  await scenario.until(`${pod} to be deleted`, async () => isTerminating(pod));
  await plays(room);
  await scenario.hangUp(room);
  await scenario.until(`${pod} to be gone`, async () => !(await exists(pod)));
}

async function isTerminating(pod: string): Promise<boolean> {
  const found = (await scenario.pods()).find(({ metadata }) => metadata?.name === pod);
  return found?.metadata?.deletionTimestamp !== undefined;
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
    const { room, pod } = await call();
    using hook = await follow(pod, "drain-hook");
    using worker = await follow(pod, "worker");
    const deletedMs = await scenario.deletePod(pod);
    const begun = await hook.line(/the pod is being deleted/);
    await plays(room);
    await scenario.until("a warm worker in its place", async () => ((await scenario.status()).groups?.[0]?.warm ?? 0) >= 2);
    const endedMs = await scenario.end(room);
    const term = await worker.line(/draining: 0 sessions are left/);
    await scenario.until(`${pod} to be gone`, async () => !(await exists(pod)));
    console.error("a deleted pod, ms:", { hookAfterDelete: begun.atMs - deletedMs, termAfterEnd: term.atMs - endedMs });
    expect(term.atMs).toBeGreaterThan(endedMs);
  });

  it("ends a call that outlasts drain.timeout: its avatar leaves the room, and the worker has ended it before SIGTERM", async () => {
    await renew(spec({ drain: { timeout: "12s" } }));
    const { room, pod } = await call();
    using worker = await follow(pod, "worker");
    const deletedMs = await scenario.deletePod(pod);
    const term = await worker.line(/draining: \d+ sessions are left/);
    console.error("drain.timeout of 12 s, SIGTERM after ms:", term.atMs - deletedMs);
    expect(term.text).toContain("draining: 0 sessions");
    expect(term.atMs - deletedMs).toBeGreaterThanOrEqual(12_000);
    expect(await stage.callers.watch(room)).toEqual([]);
    await scenario.until(`${pod} to be gone`, async () => !(await exists(pod)));
    await stage.callers.hangUp(room);
    await renew(spec());
  });
});

describe("with a live call", () => {
  it("a scale-down takes the idle workers", async () => {
    await scenario.warmPool(spec({ min: 4 }));
    const { room, pod } = await call();
    await scenario.changePool(spec({ min: 1 }));
    await scenario.until("one worker to be left", async () => (await scenario.podNames()).join() === pod);
    await plays(room);
    await scenario.hangUp(room);
    await scenario.warmPool(spec());
  });

  it("kubectl rollout restart replaces the workers, and the call's worker last", async () => {
    const { room, pod } = await call();
    await scenario.kubectl(["rollout", "restart", "deployment/pool-cpu"]);
    await outlives(room, pod);
    await scenario.warmPool(spec());
  });

  it("a changed pod template replaces the workers, and the call's worker last", async () => {
    const { room, pod } = await call();
    await scenario.changePool(spec({ env: [{ name: "SESSION_IDLE_TIMEOUT", value: "601" }] }));
    await outlives(room, pod);
    await scenario.warmPool(spec());
  });

  it("kubectl drain empties the node once the call has ended, and not before", async () => {
    const { room, pod } = await call();
    const node = (await scenario.pods()).find(({ metadata }) => metadata?.name === pod)?.spec?.nodeName ?? CPU_NODE;
    const drained = stage.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=170s");
    await scenario.until("the idle pods to leave the node", async () => (await stage.podsOn(node)).join() === pod);
    await plays(room);
    expect(await isTerminating(pod)).toBe(false);
    await scenario.hangUp(room);
    await drained;
    expect(await stage.podsOn(node)).toEqual([]);
    await stage.kubectl("uncordon", node);
    await scenario.warmPool(spec());
  });

  it("helm upgrade replaces operator and gateways, and no worker", async () => {
    const { room } = await call();
    const workers = await scenario.podNames();
    await stage.install("logLevel=debug");
    await plays(room);
    const { room: next } = await call();
    expect(await scenario.podNames()).toEqual(workers);
    await scenario.hangUp(room, next);
  });
});
