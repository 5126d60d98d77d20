import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WARM_GATE } from "../../operator/api/names.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { NodeStage } from "../support/node/stage.ts";

/** A cluster without IPv4: pods, Services, nodes, the API server and LiveKit. */

let stage: NodeStage;
let scenario: NodeScenario;

beforeAll(async () => {
  stage = await NodeStage.open({ family: "IPv6" });
  scenario = await stage.scenario("ipv6");
  await scenario.warmPool(nodePoolSpec(stage, { groups: ["cpu"], cpu: { min: 1 } }));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

describe("on an IPv6-only network", () => {
  it("a launch shows the avatar, and a deleted worker waits for it", async () => {
    const shown = await scenario.call("room", { avatar_id: "leo" });
    expect(shown.failures).toEqual([]);
    const [{ pod } = { pod: "" }] = await scenario.activeTasks();
    expect(await scenario.address(pod)).toMatch(/^fd00:10:88:/);
    await scenario.deletePod(pod);
    await scenario.until("a warm worker in its place", async () => {
      const others = (await scenario.pods()).filter(({ metadata }) => metadata?.name !== pod);
      return others.some(({ status }) => status?.conditions?.some(({ type, status: is }) => type === WARM_GATE && is === "True"));
    });
    expect((await scenario.activeTasks()).map((task) => task.pod)).toEqual([pod]);
    await scenario.hangUp("room");
    await scenario.until("the old worker to be gone", async () => !(await scenario.podNames()).includes(pod));
  });
});
