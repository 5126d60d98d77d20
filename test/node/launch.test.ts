import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { NodeStage } from "../support/node/stage.ts";

/** The whole product in pods: from the pool to the first frame at a viewer. */

let stage: NodeStage;
let scenario: NodeScenario;

beforeAll(async () => {
  stage = await NodeStage.open();
  scenario = await stage.scenario("launch");
  await scenario.warmPool(nodePoolSpec(stage));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

describe("a launch", () => {
  it.each([
    ["maya", "gpu"],
    ["leo", "cpu"],
  ])("of %s shows the avatar of a worker of group %s after one attempt", async (preset, group) => {
    const room = `shown-${preset}`;
    const shown = await scenario.call(room, { avatar_id: preset });
    console.error(room, shown);
    expect(shown.failures).toEqual([]);
    expect(await scenario.activeTasks()).toEqual([
      expect.objectContaining({ room_name: room, state: "running", pod: expect.stringMatching(`^pool-${group}-`) }),
    ]);
    await scenario.hangUp(room);
  });
});
