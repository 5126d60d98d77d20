import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MediaScenario } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";

/** Sessions that stream while their pool changes. */

const ROOMS = ["stream-0", "stream-1", "stream-2", "stream-3"];

let stage: MediaStage;
let scenario: MediaScenario;
/** Workers of the sessions. */
let busy: ReadonlySet<string>;

beforeAll(async () => {
  stage = await MediaStage.open();
  scenario = await stage.scenario("streams");
  await scenario.warmPool(2, { warm: { slots: 0 } });
  await Promise.all(ROOMS.map((room) => scenario.call(room)));
  busy = new Set((await scenario.activeTasks()).map(({ pod }) => pod));
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** Every room still has its first session, and its frames did not stop. @returns the longest gap of frames since the last call. */
async function stillStreaming(): Promise<number> {
  const seen = (await Promise.all(ROOMS.map((room) => stage.callers.watch(room)))).flat();
  expect(seen.map(({ agent, frames }) => [agent, frames > 0])).toEqual(ROOMS.map(() => ["agent", true]));
  const sessions = await scenario.tasks();
  expect(sessions.map(({ state, pod }) => [state, busy.has(pod)])).toEqual(ROOMS.map(() => ["running", true]));
  return Math.max(...seen.map(({ longestGapMs }) => longestGapMs));
}

const idlePods = async () => (await scenario.podNames()).filter((name) => !busy.has(name));

describe("four sessions that stream", () => {
  it("continue on the old workers during a rollout, while new workers start", async () => {
    await sleep(3_000);
    console.error("longest gap of frames before a rollout, ms:", Math.round(await stillStreaming()));
    const group = { min: 2, max: 2, drain: { timeout: "10m" }, rollout: { maxSurge: 2 } };
    await scenario.changePool(scenario.spec(group, { warm: { slots: 0 } }));
    await scenario.until("the new workers to serve and the old ones to be deleted", async () => {
      const leaving = (await scenario.pods()).filter(({ metadata }) => metadata?.deletionTimestamp !== undefined);
      return leaving.length === busy.size && (await idlePods()).length === 2;
    });
    console.error("longest gap of frames in a rollout, ms:", Math.round(await stillStreaming()));
  });

  it("continue while the group shrinks", async () => {
    const group = { min: 0, max: 2, drain: { timeout: "10m" }, rollout: { maxSurge: 2 } };
    await scenario.changePool(scenario.spec(group, { warm: { slots: 0 }, scaling: { scaleDownAfter: "0s" } }));
    await scenario.until("the idle workers to be removed", async () => (await idlePods()).length === 0);
    await sleep(2_000);
    console.error("longest gap of frames in a scale-down, ms:", Math.round(await stillStreaming()));
  });

  it("end only when their callers hang up, and then the old workers are removed", async () => {
    await scenario.endSessions();
    await scenario.until("the old workers to be removed", async () => (await scenario.podNames()).length === 0);
  });
});
