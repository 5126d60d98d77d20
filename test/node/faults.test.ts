import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Call, NodeCalls } from "../support/node/calls.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { CPU_NODE, GPU_NODE, NodeStage } from "../support/node/stage.ts";

/** Workers, programs of a node and whole nodes that fail. Other calls go on, and the pool returns to its size by itself. */

let stage: NodeStage;
let scenario: NodeScenario;
let calls: NodeCalls;

beforeAll(async () => {
  stage = await NodeStage.open();
  scenario = await stage.scenario("faults");
  calls = new NodeCalls(stage, scenario);
  await scenario.warmPool(spec());
});

afterEach(async () => {
  await calls.endAll();
  for (const { name } of stage.cluster.nodes) await stage.cluster.nodeReady(name);
  const nodes = await Promise.all((await scenario.workerPods()).map(({ metadata }) => nodeOf(metadata?.name ?? "")));
  const [pod] = await scenario.podNames();
  if (new Set(nodes).size === 1 && pod !== undefined) await scenario.deletePod(pod);
  await scenario.warmPool(spec());
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** One worker with one session on each node. */
function spec(group: object = {}): object {
  const spread = {
    maxSkew: 1,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { "avatarpool.dev/pool": "pool" } },
  };
  const cpu = { min: 2, max: 2, sessionsPerWorker: 1, topologySpreadConstraints: [spread], ...group };
  return nodePoolSpec(stage, { groups: ["cpu"], cpu });
}

/** A call on the worker of each node. */
async function callOnEach(): Promise<Readonly<Record<typeof GPU_NODE | typeof CPU_NODE, Call>>> {
  const both = [await calls.start(), await calls.start()];
  const nodes = await Promise.all(both.map(({ pod }) => nodeOf(pod)));
  const [gpu, cpu] = [GPU_NODE, CPU_NODE].map((name) => both[nodes.indexOf(name)]);
  if (gpu === undefined || cpu === undefined) throw new Error(`both calls are on ${nodes.join()}`);
  return { [GPU_NODE]: gpu, [CPU_NODE]: cpu };
}

async function nodeOf(pod: string): Promise<string> {
  return (await scenario.pod(pod))?.spec?.nodeName ?? "";
}

describe("a worker", () => {
  it("that hangs costs no launch: another one serves it", async () => {
    const [first = "", second = ""] = await scenario.podNames();
    for (const [worker, other] of [
      [first, second],
      [second, first],
    ] as const) {
      await scenario.signal(worker, "STOP");
      // A gateway sends a launch unasked only to a worker that has answered within 2 s.
      await sleep(3_000);
      const call = await calls.start().finally(() => scenario.signal(worker, "CONT"));
      expect(call.pod).toBe(other);
      await calls.hangUp(call);
    }
  });

  it("that is killed for lack of memory starts again, and the other call goes on", async () => {
    const { [GPU_NODE]: victim, [CPU_NODE]: other } = await callOnEach();
    // Many small processes, so that the kernel kills the worker: it chooses the largest one.
    const fill = "x = bytearray(40_000_000); import time; time.sleep(30)";
    await scenario.exec(victim.pod, "sh", "-c", `for i in $(seq 30); do python -c '${fill}' & done; wait`).catch(() => undefined);
    const killed = async () => (await scenario.pod(victim.pod))?.status?.containerStatuses?.find(({ name }) => name === "worker");
    await scenario.until("the worker to be killed", async () => (await killed())?.lastState?.terminated !== undefined);
    expect((await killed())?.lastState?.terminated?.reason).toBe("OOMKilled");
    await calls.plays(other);
  });

  it("that crashes at every start stops its rollout with a reason, and the workers before it serve", async () => {
    const before = await scenario.podNames();
    await scenario.pool(spec({ env: [{ name: "SESSION_IDLE_TIMEOUT", value: "never" }] }));
    const message = await scenario.condition("RolloutBlocked", { status: "True", reason: "WorkerFailing" });
    expect(message).toMatch(/CrashLoopBackOff|exit/);
    expect(before).toContain((await calls.start()).pod);
  });
});

describe("a node", () => {
  it.each([
    ["kubelet", CPU_NODE],
    ["containerd", GPU_NODE],
  ] as const)("whose %s is killed and starts again keeps its calls", async (program, name) => {
    const both = Object.values(await callOnEach());
    const node = stage.cluster.node(name);
    await node.kill(program);
    for (const call of both) await calls.plays(call);
    await node.start(program);
    await stage.cluster.nodeReady(name);
    for (const call of both) await calls.plays(call);
  });

  it("whose disk is full evicts the worker with the most files, which is replaced, and the other call goes on", async () => {
    const { [CPU_NODE]: victim, [GPU_NODE]: other } = await callOnEach();
    await scenario.exec(victim.pod, "fallocate", "-l", "5GiB", "/cache/fill");
    await scenario.until("the eviction", async () => (await scenario.pod(victim.pod))?.status?.reason === "Evicted");
    await calls.plays(other);
  });

  it("that is cut off gets no launch, and its workers count again when it is back", async () => {
    const workers = await scenario.workerPods();
    const worker = workers.find(({ spec: { nodeName } = {} }) => nodeName === CPU_NODE)?.metadata?.name;
    const node = stage.cluster.node(CPU_NODE);
    await node.connect(false);
    const call = await calls.start();
    expect(call.pod).not.toBe(worker);
    await stage.cluster.nodeNotReady(CPU_NODE);
    await calls.plays(call);
    await node.connect(true);
    await stage.cluster.nodeReady(CPU_NODE);
  });

  it("that is gone for good is replaced: its workers start elsewhere, and the other node's call goes on", async () => {
    const { [GPU_NODE]: other } = await callOnEach();
    await stage.cluster.loseNode(CPU_NODE);
    await calls.plays(other);
    await scenario.until("a worker in its place", async () => (await scenario.status()).groups?.[0]?.warm === 2);
    await stage.cluster.addNode(CPU_NODE);
  });
});
