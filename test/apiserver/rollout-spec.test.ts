import { describe, expect, it } from "vitest";
import { cpuGroup, gpuGroup, type ModelServer, type Scenario, type Stage, stageWithModels } from "../support/scenario/index.ts";

/** Rollouts that a changed preset causes, and rollouts that a quota stops. */

let stage: Stage;
let models: ModelServer;
stageWithModels((opened) => {
  ({ stage, models } = opened);
});

/** Waits until exactly `count` workers run, all are warm, and none is in `former`. */
const replaced = (scenario: Scenario, former: readonly string[], count: number) =>
  scenario.until("every worker to be new and warm", async () => {
    const names = await scenario.podNames();
    const { warm } = (await scenario.status()).groups?.[0] ?? {};
    return warm === count && names.length === count && names.every((name) => !former.includes(name));
  });

describe.concurrent("a preset that is changed", () => {
  const launchLeo = (scenario: Scenario) => scenario.launch({ fields: { avatar_id: "leo" } });

  it("reaches new workers first; while its new model is unavailable, the previous workers serve the old model", async () => {
    const scenario = await stage.scenario("changed-preset");
    const spec = (url: string) => ({
      presets: [{ name: "leo", model: { url } }],
      workers: [cpuGroup({ min: 2, max: 2, sessionsPerWorker: 1 })],
    });
    await scenario.readyPool(spec(models.put("/first.imx", "the first")));
    await replaced(scenario, [], 2);
    const former = await scenario.podNames();
    const { worker: busy } = await launchLeo(scenario);

    await scenario.changePool(spec(models.url("/second.imx")));
    await scenario.condition("RolloutBlocked", { status: "True", reason: "WorkerFailing", message: /preset leo: .*404/ });
    await scenario.condition("Ready", { status: "True" });
    const second = await launchLeo(scenario);
    expect([second.status, former.includes(second.worker)]).toEqual([200, true]);

    models.put("/second.imx", "the second");
    await scenario.until("the first new worker", async () => (await scenario.podNames()).some((name) => !former.includes(name)));
    expect(scenario.workers().find(({ pod }) => pod.name === busy)?.activeSessions).toBe(1);
    scenario.endSessions();
    await replaced(scenario, former, 2);
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
    expect(scenario.kills()).toEqual([]);
  });
});

describe.concurrent("a quota", () => {
  it("without room for another worker stops a rollout, which resumes once there is room", async () => {
    const scenario = await stage.scenario("quota");
    await scenario.readyPool({ workers: [gpuGroup({ min: 2, max: 2, coldStart: "2s" })] });
    await replaced(scenario, [], 2);
    const former = await scenario.podNames();
    await scenario.kubectl(["create", "quota", "full", "--hard=pods=2"]);
    await scenario.until("the quota to be counted", async () =>
      (await scenario.kubectl(["get", "quota", "full", "-o", "jsonpath={.status.used.pods}"])).includes("2"),
    );

    const env = [{ name: "AVATAR_VIDEO_MAX_FPS", value: "20" }];
    await scenario.changePool({ workers: [gpuGroup({ min: 2, max: 2, coldStart: "2s", env })] });
    await scenario.condition("RolloutBlocked", {
      status: "True",
      reason: "Stalled",
      message: /exceeded quota: full.*: raise the quota named full, or lower max/,
    });
    expect(await scenario.podNames()).toEqual(former);
    expect((await scenario.launch({ sessionSeconds: 1 })).status).toBe(200);

    await scenario.kubectl(["delete", "quota", "full"]);
    await replaced(scenario, former, 2);
    await scenario.condition("RolloutBlocked", { status: "False", reason: "UpToDate" });
    expect(scenario.kills()).toEqual([]);
  });
});
