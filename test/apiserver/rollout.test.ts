import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gpuGroup, gpuNode, onNodesKeptFor, type Scenario, Stage } from "../support/scenario/index.ts";

/** A rollout keeps warm slots, ends no session, and stops if new workers do not serve. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({
    nodes: [gpuNode("gpu-0", 64), gpuNode("few-0", 3, "few"), gpuNode("scarce-0", 2, "scarce"), gpuNode("restart-0", 2, "restart")],
  });
});

afterAll(async () => {
  await stage?.stop();
});

/** Cold start of stand-in workers. A rollout waits this long for session starts on its first new worker. */
const coldStart = "2s";
const changed = { env: [{ name: "AVATAR_VIDEO_MAX_FPS", value: "20" }] };

/** Creates a pool whose workers are all warm, so that only the rollout causes later changes. */
async function warmPool(namespace: string, group: object, spec: object = {}): Promise<Scenario> {
  const scenario = await stage.scenario(namespace);
  await scenario.readyPool({ workers: [gpuGroup(group)], ...spec });
  await scenario.condition("WarmCapacity", { status: "True" });
  await scenario.until("every worker to be warm", async () => {
    const { desired = 0, warm } = (await scenario.status()).groups?.[0] ?? {};
    return desired > 0 && warm === desired;
  });
  return scenario;
}

/** Names of the pods without deletion timestamp, by whether they have the Deployment's current template. */
async function revisions(scenario: Scenario) {
  const template = (await scenario.deployment())?.spec?.template.metadata?.annotations?.["avatarpool.dev/template"];
  const staying = (await scenario.pods()).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const names = (fresh: boolean) =>
    staying
      .filter(({ metadata }) => (metadata?.annotations?.["avatarpool.dev/template"] === template) === fresh)
      .map(({ metadata }) => metadata?.name ?? "");
  return { fresh: names(true), former: names(false) };
}

const rolledOut = (scenario: Scenario, workers: number) =>
  scenario.until("every worker to be new and warm", async () => {
    const { fresh, former } = await revisions(scenario);
    return former.length === 0 && fresh.length === workers && (await scenario.status()).groups?.[0]?.warm === workers;
  });

describe.concurrent("a rollout under load", () => {
  it("ends no session, rejects no launch, and never has fewer warm slots than the floor or more workers than the surge", async () => {
    const scenario = await warmPool("load", { min: 4, max: 4, coldStart }, { warm: { slots: 2 } });
    const busy = new Set(await scenario.sessions(3));
    const stop = new AbortController();
    const launches: { readonly status: number; readonly path: string }[] = [];
    const caller = (async () => {
      for (let count = 0; !stop.signal.aborted; count++) {
        launches.push(await scenario.launch({ room: `short-${count}`, sessionSeconds: 6 }));
        await sleep(600);
      }
    })();
    const seen: { readonly free: number; readonly staying: number }[] = [];
    const watcher = (async () => {
      while (!stop.signal.aborted) {
        const staying = (await scenario.pods()).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
        const warm = staying.filter(({ status }) =>
          status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True"),
        );
        const workers = scenario.workers().filter(({ pod }) => warm.some(({ metadata }) => metadata?.name === pod.name));
        const free = workers.reduce((total, { activeSessions }) => total + Math.max(0, 2 - activeSessions), 0);
        seen.push({ free, staying: staying.length });
        await sleep(50);
      }
    })();
    await scenario.changePool({ workers: [gpuGroup({ min: 4, max: 4, coldStart, ...changed })], warm: { slots: 2 } });
    await rolledOut(scenario, 4);
    stop.abort();
    await Promise.all([caller, watcher]);

    expect(Math.min(...seen.map(({ free }) => free))).toBeGreaterThanOrEqual(2);
    expect(Math.max(...seen.map(({ staying }) => staying))).toBe(5);
    expect(launches.length).toBeGreaterThan(10);
    expect(launches.filter(({ status, path }) => status !== 200 || path === "queued")).toEqual([]);
    for (const pod of busy) expect(scenario.workers().find((worker) => worker.pod.name === pod)?.activeSessions).toBeGreaterThan(0);
    scenario.endSessions();
    await scenario.until("the old workers to be removed", async () => (await scenario.podNames()).every((name) => !busy.has(name)));
    expect(scenario.kills()).toEqual([]);
  });

  it("replaces the idle workers first", async () => {
    const scenario = await warmPool("order", { min: 3, max: 3, coldStart });
    const [busy = ""] = await scenario.sessions(1);
    await scenario.changePool({ workers: [gpuGroup({ min: 3, max: 3, coldStart, ...changed })] });
    await scenario.until("only one old worker", async () => (await revisions(scenario)).former.length === 1);
    expect((await revisions(scenario)).former).toEqual([busy]);
    scenario.endSessions();
  });
});

describe.concurrent("a rollout is stopped", () => {
  it("while no GPU is free for the new worker, reports the remedy, and resumes on its own", async () => {
    const group = { min: 2, max: 2, ...onNodesKeptFor("scarce") };
    const scenario = await warmPool("scarce", group);
    const { fresh: before } = await revisions(scenario);
    await scenario.changePool({ workers: [gpuGroup({ ...group, ...changed })] });
    await scenario.condition("RolloutBlocked", {
      status: "True",
      reason: "Unschedulable",
      message:
        /group gpu is stopped; 2 workers still run the previous revision: the scheduler finds no node .*: free a GPU, add GPU nodes, or set rollout.maxSurge to 0/,
    });
    await scenario.event("RolloutBlocked");
    expect([...(await revisions(scenario)).former].sort()).toEqual([...before].sort());
    expect((await scenario.launch({ sessionSeconds: 1 })).status).toBe(200);
    // The existing node becomes larger, because a new node would delay other scenarios.
    const larger = { "nvidia.com/gpu": "4" };
    await scenario.kubectl([
      "patch",
      "node",
      "scarce-0",
      "--subresource=status",
      "--type=merge",
      "-p",
      JSON.stringify({ status: { capacity: larger, allocatable: larger } }),
    ]);
    await rolledOut(scenario, 2);
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
    await scenario.event("RolloutResumed");
    expect(scenario.kills()).toEqual([]);
  });

  it("while idle workers hold the GPUs that it waits for: the idle workers are removed, the busy one stays, and the rollout resumes", async () => {
    const group = { max: 3, ...onNodesKeptFor("few"), coldStart };
    const quick = { scaling: { scaleDownAfter: "0s" }, warm: { slots: 1 } };
    const scenario = await warmPool("few", { ...group, min: 3 }, quick);
    const [busy = ""] = await scenario.sessions(1);
    await scenario.changePool({ workers: [gpuGroup({ ...group, ...changed, min: 3 })], ...quick });
    await scenario.condition("RolloutBlocked", { status: "True", reason: "Unschedulable" });
    // The minimum is lowered only now: before, the rollout could stop too briefly to be observed.
    await scenario.changePool({ workers: [gpuGroup({ ...group, ...changed, min: 1 })], ...quick });
    await scenario.until("idle old workers to be removed", async () => {
      const { former } = await revisions(scenario);
      return former.length < 3 && (await scenario.deployment())?.spec?.replicas === 1;
    });
    expect(scenario.workers().find((worker) => worker.pod.name === busy)?.activeSessions).toBe(1);
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
    scenario.endSessions();
    await rolledOut(scenario, 1);
    expect(scenario.kills()).toEqual([]);
  });

  it("by an image that cannot be pulled, keeps serving, and resumes when the spec is corrected", async () => {
    const scenario = await warmPool("image", { min: 2, max: 3 });
    await scenario.changePool({ workers: [gpuGroup({ min: 2, max: 3, image: "registry.test/does-not-exist:1" })] });
    await scenario.condition("RolloutBlocked", {
      status: "True",
      reason: "WorkerFailing",
      message: /a new worker cannot start: .*ImagePull/,
    });
    expect((await revisions(scenario)).former).toHaveLength(2);
    expect(await scenario.launch()).toMatchObject({ status: 200, path: "warm" });
    await scenario.changePool({ workers: [gpuGroup({ min: 2, max: 3, image: "registry.test/expression:good" })] });
    await rolledOut(scenario, 2);
    await scenario.condition("RolloutBlocked", { status: "False" });
  });
});

describe.concurrent("kubectl rollout restart", () => {
  it("stops while no GPU is free, ends no session, and finishes once a GPU is free, as any other rollout", async () => {
    const group = { min: 2, max: 2, ...onNodesKeptFor("restart") };
    const scenario = await warmPool("restart", group);
    const former = await scenario.podNames();
    const [busy = ""] = await scenario.sessions(1);
    await scenario.kubectl(["rollout", "restart", "deployment", "pool-gpu"]);
    await scenario.condition("RolloutBlocked", {
      status: "True",
      reason: "Unschedulable",
      message:
        /group gpu is stopped; 2 workers still run the previous revision: the scheduler finds no node .*: free a GPU, add GPU nodes/,
    });
    await scenario.event("RolloutBlocked");
    expect(await scenario.podNames()).toEqual(expect.arrayContaining([...former]));
    expect(scenario.workers().find((worker) => worker.pod.name === busy)?.activeSessions).toBe(1);
    const larger = { "nvidia.com/gpu": "4" };
    const patch = JSON.stringify({ status: { capacity: larger, allocatable: larger } });
    await scenario.kubectl(["patch", "node", "restart-0", "--subresource=status", "--type=merge", "-p", patch]);
    await scenario.until("the idle worker to be replaced", async () => {
      const names = await scenario.podNames();
      return former.filter((name) => names.includes(name)).every((name) => name === busy);
    });
    scenario.endSessions();
    await scenario.until("every worker to be new and warm", async () => {
      const names = await scenario.podNames();
      return (
        names.length === 2 && names.every((name) => !former.includes(name)) && (await scenario.status()).groups?.[0]?.warm === 2
      );
    });
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
    expect(scenario.kills()).toEqual([]);
  });
});

// Not concurrent, because it kills an operator.
describe("a rollout whose new workers start sessions too slowly", () => {
  it("is stopped after the first of them, stays stopped under another operator, and resumes when the objective allows it", async () => {
    const objective = (target: string) => ({ objective: { startup: { target, percentile: 95 } } });
    const group = { min: 4, max: 4, coldStart: "30s" };
    const slow = { ...group, env: [{ name: "STAND_IN_SESSION_START", value: "60" }] };
    const scenario = await warmPool("slow", group, objective("2500ms"));
    /** Fills every slot, so that new workers also get sessions and no launch waits. */
    const launches = async (round: string) => {
      await Promise.all(
        Array.from({ length: 8 }, (_, index) => scenario.launch({ room: `${round}-${index}`, sessionSeconds: 15 })),
      );
      await scenario.until("the sessions to end", () => scenario.activeSessions() === 0);
    };
    await launches("before");
    await scenario.condition("StartupObjective", { status: "True", reason: "ObjectiveMet" });
    await scenario.changePool({ workers: [gpuGroup(slow)], ...objective("2500ms") });
    await scenario.until(
      "the rollout to pause after its first new worker",
      async () => (await scenario.deployment())?.spec?.paused === true,
    );
    await launches("during");
    await scenario.condition("RolloutBlocked", {
      status: "True",
      reason: "StartupMissed",
      message:
        /measured p95 on new workers: .*s, slower than the previous revision and objective.startup.target \(2s500ms\): undo the change/,
    });
    const { fresh, former } = await revisions(scenario);
    expect([fresh.length > 0, former.length > 0]).toEqual([true, true]);
    // The rollout remains stopped under the next operator.
    await stage.operator.process.stop("SIGKILL");
    await stage.restartOperator();
    await sleep(4_000);
    expect((await revisions(scenario)).former).toEqual(former);
    expect((await scenario.deployment())?.spec?.paused).toBe(true);
    await scenario.changePool({ workers: [gpuGroup(slow)], ...objective("30s") });
    await rolledOut(scenario, 4);
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
    expect(scenario.kills()).toEqual([]);
  });
});
