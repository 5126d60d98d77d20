import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WARM_GATE } from "../../operator/api/names.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { NodeStage } from "../support/node/stage.ts";
import { type StageTimes, stageTimes } from "../support/node/stage-metrics.ts";

/** A pool grows under load, with the probes of a real kubelet. */

let stage: NodeStage;
let scenario: NodeScenario;

beforeAll(async () => {
  stage = await NodeStage.open({ webhooks: ["scaling"] });
  scenario = await stage.scenario("scaling");
  const cpu = { min: 1, max: 3, sessionsPerWorker: 1 };
  await scenario.warmPool(nodePoolSpec(stage, { groups: ["cpu"], cpu, spec: { warm: { slots: 0 } } }));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** Seconds from the pod's creation until a condition became true, as its status has it. */
async function secondsUntil(pod: string, condition: string): Promise<number> {
  const found = await scenario.pod(pod);
  const at = found?.status?.conditions?.find(({ type, status }) => type === condition && status === "True")?.lastTransitionTime;
  return (Date.parse(String(at)) - Date.parse(String(found?.metadata?.creationTimestamp))) / 1_000;
}

describe("a launch without a free slot", () => {
  it("waits in the queue until a new worker is warm, and the client sees no 503", async () => {
    const [first = ""] = await scenario.podNames();
    await scenario.call("first", { avatar_id: "leo" });
    const startMs = performance.now();
    const second = await scenario.call("second", { avatar_id: "leo" });
    const firstFrame = (performance.now() - startMs) / 1_000;
    expect(second.failures).toEqual([]);
    const [task] = (await scenario.activeTasks()).filter(({ room_name: room }) => room === "second");
    expect(task?.pod).not.toBe(first);
    // A gateway looks at a worker itself, and may send it the launch before the pod's status changes.
    await scenario.until("the pod to be warm", async () => (await secondsUntil(task?.pod ?? "", WARM_GATE)) >= 0);
    const seconds = {
      scheduled: await secondsUntil(task?.pod ?? "", "PodScheduled"),
      containersReady: await secondsUntil(task?.pod ?? "", "ContainersReady"),
      warm: await secondsUntil(task?.pod ?? "", WARM_GATE),
      firstFrame,
    };
    console.error("a launch without a free slot, seconds:", seconds);
    expect(seconds.containersReady).toBeLessThanOrEqual(seconds.warm);
  });

  it("leaves the full workers Ready, so that Kubernetes does not delete them first", async () => {
    const busy = new Set((await scenario.activeTasks()).map((task) => task.pod));
    expect(busy.size).toBe(2);
    await scenario.until("both workers to be Ready", async () => {
      const workers = (await scenario.pods()).filter(({ metadata }) => busy.has(metadata?.name ?? ""));
      return workers.every(({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"));
    });
    const [{ pod } = { pod: "" }] = await scenario.activeTasks();
    const full = await scenario.exec(pod, "python", "-c", ASK_READY);
    expect(full.trim()).toBe("503");
    await scenario.hangUp("first", "second");
  });

  it("is measured by stage, in the metrics of the dashboard", async () => {
    // Only one launch waited. A webhook counts if it reaches the gateway of its launch, one of two.
    const AT_LEAST: Readonly<Record<string, number>> = { queue: 1, "first frame": 0 };
    const stages = ["schedule", "pull", "create", "load", "warm", "pick", "queue", "forward", "first frame"];
    let times: StageTimes = {};
    await scenario.until("all stages", async () => {
      times = stageTimes(await stage.metrics());
      return stages.every((name) => (times[name]?.count ?? 0) >= (AT_LEAST[name] ?? 2));
    });
    console.error("mean seconds by stage:", times);
    expect(times.load?.seconds).toBeGreaterThan(0);
    expect(times.warm?.seconds).toBeGreaterThan(0);
    expect(times.queue?.seconds, "the new worker was awaited").toBeGreaterThan(1);
  });
});

const ASK_READY = `
import urllib.error, urllib.request
try:
    print(urllib.request.urlopen("http://127.0.0.1:8089/ready").status)
except urllib.error.HTTPError as error:
    print(error.code)
`;
