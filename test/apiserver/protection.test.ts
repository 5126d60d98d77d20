import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labels } from "../../operator/api/names.ts";
import { gpuGroup, gpuNode, onNodesKeptFor, type Scenario, Stage } from "../support/scenario/index.ts";

/** No removal of a pod ends a session: no eviction, no drain of its node, no deletion by a user. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({
    nodes: [gpuNode("gpu-0", 8), gpuNode("gpu-1", 8), gpuNode("drain-0", 8, "drain"), gpuNode("drain-1", 8, "drain")],
  });
});

afterAll(async () => {
  await stage?.stop();
});

/** A pool of two workers with a session on one of them. */
async function oneBusyOfTwo(namespace: string, group: object = {}) {
  const scenario = await stage.scenario(namespace);
  await scenario.readyPool({ workers: [gpuGroup({ min: 2, ...group })] });
  await scenario.until("two warm workers", async () => (await scenario.status()).warmSlots === 4);
  const [busy] = await scenario.sessions(1);
  const idle = (await scenario.podNames()).find((name) => name !== busy);
  if (busy === undefined || idle === undefined) throw new Error("expected two workers");
  await scenario.until("the idle worker to be unprotected", async () => (await protection(scenario, idle)) === "false");
  expect(await protection(scenario, busy)).toBe("true");
  return { scenario, busy, idle };
}

async function protection(scenario: Scenario, name: string): Promise<string | undefined> {
  const pod = (await scenario.pods()).find(({ metadata }) => metadata?.name === name);
  return pod?.metadata?.labels?.[labels.protected];
}

async function isReady(scenario: Scenario, name: string): Promise<boolean> {
  const pod = (await scenario.pods()).find(({ metadata }) => metadata?.name === name);
  return pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;
}

/** Evicts a pod as `kubectl drain` and autoscalers do. @returns the API server's message. */
async function evict(scenario: Scenario, name: string): Promise<string> {
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: scenario.namespace } };
  const path = `/api/v1/namespaces/${scenario.namespace}/pods/${name}/eviction`;
  return scenario.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction)).catch(String);
}

/** Number of protected Ready workers, as the budget counts them. */
async function healthy(scenario: Scenario): Promise<number> {
  return Number(await scenario.kubectl(["get", "pdb", "pool-protected", "-o=jsonpath={.status.currentHealthy}"]));
}

const runsOn = (scenario: Scenario, name: string) => scenario.workers().find(({ pod }) => pod.name === name)?.activeSessions ?? 0;

describe.concurrent("an eviction", () => {
  it("of a busy worker is refused, and of an idle worker allowed", async () => {
    const { scenario, busy, idle } = await oneBusyOfTwo("evict");
    await scenario.until("the budget to refuse the eviction", async () =>
      (await evict(scenario, busy)).includes("TooManyRequests"),
    );
    expect(await evict(scenario, busy)).toMatch(/Cannot evict pod as it would violate the pod's disruption budget/);
    expect(await evict(scenario, idle)).toMatch(/"status":"Success"/);
    await scenario.until("the evicted worker to be removed", async () => !(await scenario.podNames()).includes(idle));
    expect(runsOn(scenario, busy)).toBe(1);
    expect(scenario.kills()).toEqual([]);
  });

  it("of a busy worker is refused while a rollout has one surge worker", async () => {
    const { scenario } = await oneBusyOfTwo("evict-surge", { max: 2 });
    await scenario.sessions(3);
    const old = await scenario.podNames();
    // minReadySeconds keeps Kubernetes from replacing an old worker during the test.
    await scenario.kubectl(["patch", "deployment", "pool-gpu", "--type=merge", '--patch={"spec":{"minReadySeconds":300}}']);
    await scenario.pool({ workers: [gpuGroup({ min: 2, max: 2, env: [{ name: "AVATAR_VIDEO_MAX_FPS", value: "20" }] })] });
    await scenario.until("a third warm worker", async () => (await scenario.status()).groups?.[0]?.warm === 3);
    const [fresh] = await scenario.sessions(1);
    expect(old).not.toContain(fresh);
    await scenario.until("the budget to count three workers", async () => (await healthy(scenario)) === 3);
    for (const pod of old) expect(await evict(scenario, pod)).toMatch(/TooManyRequests/);
    expect(await scenario.podNames()).toHaveLength(3);
    expect(scenario.kills()).toEqual([]);
  });

  it("of a busy worker is also refused while it fails its probes", async () => {
    const { scenario, busy } = await oneBusyOfTwo("evict-hanging");
    stage.fleet.fail(busy, "freeze");
    // The pod's own condition, because the group may already have a replacement.
    await scenario.until("the worker to lose Ready", async () => !(await isReady(scenario, busy)));
    expect(await evict(scenario, busy)).toMatch(/TooManyRequests/);
    stage.fleet.fail(busy, "none");
    expect(scenario.kills()).toEqual([]);
  });

  it("of a crash-looping worker is allowed: it does not block its node", async () => {
    const { scenario, busy } = await oneBusyOfTwo("evict-crashing");
    scenario.endSessions();
    const crash = () => stage.fleet.fail(busy, "crash");
    await scenario.until("the worker to become evictable", async () => {
      crash();
      return (await protection(scenario, busy)) === "false";
    });
    expect(await evict(scenario, busy)).toMatch(/"status":"Success"/);
  });

  it("is allowed again half a minute after the last session", async () => {
    const { scenario, busy } = await oneBusyOfTwo("evict-later");
    scenario.endSessions();
    await scenario.until("the worker to be idle", async () => scenario.activeSessions() === 0);
    expect(await protection(scenario, busy)).toBe("true");
    await scenario.until("the worker to become evictable", async () => (await protection(scenario, busy)) === "false");
    expect(await evict(scenario, busy)).toMatch(/"status":"Success"/);
  });
});

describe.concurrent("a budget", () => {
  it("that a user deletes or changes is restored", async () => {
    const scenario = await stage.scenario("budget");
    await scenario.readyPool();
    const budget = () => scenario.kubectl(["get", "pdb", "pool-protected", "-o=jsonpath={.spec.minAvailable}"]).catch(() => "");
    await scenario.until("the budget", async () => (await budget()) === "1000000");
    await scenario.kubectl(["patch", "pdb", "pool-protected", "--type=merge", '--patch={"spec":{"minAvailable":0}}']);
    await scenario.until("the operator to restore minAvailable", async () => (await budget()) === "1000000");
    await scenario.kubectl(["delete", "pdb", "pool-protected"]);
    await scenario.until("the operator to create the budget again", async () => (await budget()) === "1000000");
    await scenario.deletePool();
    await scenario.until("the budget to be removed with its pool", async () => (await budget()) === "");
  });
});

describe.concurrent("a user's command", () => {
  it("that scales a Deployment down removes idle workers first and ends no session; the operator restores the size", async () => {
    const { scenario, busy } = await oneBusyOfTwo("by-hand");
    await scenario.kubectl(["scale", "deployment", "pool-gpu", "--replicas=1"]);
    await scenario.until("the operator to restore the size", async () => (await scenario.replicas()) === 2);
    await scenario.kubectl(["scale", "deployment", "pool-gpu", "--replicas=0"]);
    await scenario.until("the operator to restore the size again", async () => (await scenario.replicas()) === 2);
    await scenario.until("two warm workers", async () => (await scenario.status()).groups?.[0]?.warm === 2);
    expect(runsOn(scenario, busy)).toBe(1);
    scenario.endSessions();
    expect(scenario.kills()).toEqual([]);
  });

  it("that deletes the pod of a busy worker ends no session before drain.timeout: the pod remains until its session ends", async () => {
    const { scenario, busy } = await oneBusyOfTwo("delete-pod");
    await scenario.kubectl(["delete", "pod", busy, "--wait=false"]);
    await scenario.until("a replacement worker", async () => (await scenario.status()).groups?.[0]?.warm === 2);
    expect(runsOn(scenario, busy)).toBe(1);
    scenario.endSessions(busy);
    await scenario.until("the deleted worker to be removed", async () => !(await scenario.podNames()).includes(busy));
    expect(scenario.kills()).toEqual([]);
  });

  it("that drains a node evicts its idle workers and waits for the busy worker", async () => {
    const { scenario, busy, idle } = await oneBusyOfTwo("drain", {
      ...onNodesKeptFor("drain"),
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { [labels.pool]: "pool" } } },
          ],
        },
      },
    });
    const nodeOf = async (name: string) =>
      (await scenario.pods()).find(({ metadata }) => metadata?.name === name)?.spec?.nodeName ?? "";
    const drain = async (name: string) =>
      scenario
        .kubectl(["drain", await nodeOf(name), "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=8s"])
        .catch(String);
    expect(await drain(busy)).toMatch(/Cannot evict pod as it would violate the pod's disruption budget/);
    expect(await drain(idle)).toMatch(/drained|evicted/);
    expect(runsOn(scenario, busy)).toBe(1);
    expect(await scenario.podNames()).toContain(busy);
    expect(scenario.kills()).toEqual([]);
  });
});
