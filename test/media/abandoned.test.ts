import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MediaScenario } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";

/** The maker's plugin does not remove the avatar when the agent's process ends. */

let stage: MediaStage;
let heard: MediaScenario;
let quiet: MediaScenario;

beforeAll(async () => {
  stage = await MediaStage.open({ webhooks: ["heard/pool"] });
  const { url } = stage.livekit;
  const livekit = { url, apiKeyRef: { name: "livekit" }, abandonedAfter: "5s" };
  [heard, quiet] = [await stage.scenario("heard"), await stage.scenario("quiet")];
  await Promise.all([heard, quiet].map((scenario) => scenario.warmPool(1, { livekit })));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** @returns the time in ms from the end of the agent's process to the end of its avatar's session. */
async function abandon(scenario: MediaScenario, room: string): Promise<number> {
  await scenario.call(room);
  await stage.callers.leave(room, "agent");
  const leftMs = performance.now();
  await scenario.until("the session to end", async () => (await scenario.activeTasks()).length === 0);
  return performance.now() - leftMs;
}

describe("a session whose agent's process has ended, while the caller stays in the room", () => {
  it("ends, with LiveKit's webhooks and without, and its slot serves the next launch", async () => {
    const [heardMs, quietMs] = await Promise.all([abandon(heard, "heard"), abandon(quiet, "quiet")]);
    console.error("abandoned sessions ended after, ms:", { webhook: Math.round(heardMs), none: Math.round(quietMs) });
    for (const [scenario, room] of [
      [heard, "heard"],
      [quiet, "quiet"],
    ] as const) {
      expect(await scenario.tasks()).toEqual([expect.objectContaining({ room_name: room, state: "cancelled" })]);
      expect(await scenario.participants(room)).toEqual(["viewer"]);
      expect((await scenario.call(`${room}-next`)).failures).toEqual([]);
    }
  });
});
