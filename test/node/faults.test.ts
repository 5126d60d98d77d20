import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { NodeStage } from "../support/node/stage.ts";

/** A node that fails. The pool returns to its size by itself. */

let stage: NodeStage;
let scenario: NodeScenario;

beforeAll(async () => {
  stage = await NodeStage.open();
  scenario = await stage.scenario("faults");
  await scenario.warmPool(nodePoolSpec(stage, { groups: ["cpu"], cpu: { min: 2, max: 3, sessionsPerWorker: 1 } }));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

describe("a node that is full", () => {
  it("evicts the pod with the most files, which is replaced and counts no more", async () => {
    const [worker = ""] = await scenario.podNames();
    const found = (await scenario.pods()).find(({ metadata }) => metadata?.name === worker);
    const node = stage.cluster.node(found?.spec?.nodeName ?? "");
    await scenario.exec(worker, "sh", "-c", "head -c 300000000 /dev/zero > /cache/fill");
    const release = await node.fillDisk();
    await scenario.until("the eviction", async () => {
      const pod = (await scenario.pods()).find(({ metadata }) => metadata?.name === worker);
      return pod === undefined || pod.status?.phase === "Failed";
    });
    await release();
    await scenario.until("two warm workers", async () => {
      const { groups = [] } = await scenario.status();
      return groups[0]?.warm === 2 && groups[0].slots === 2;
    });
    expect((await scenario.workerPods()).map(({ metadata }) => metadata?.name)).not.toContain(worker);
  });
});
