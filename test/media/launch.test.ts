import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkLaunch } from "../../operator/cli/check-launch.ts";
import { checkLaunchSettings } from "../../operator/settings.ts";
import { LIVEKIT_KEY, LIVEKIT_SECRET } from "../support/livekit/server.ts";
import { type MediaScenario, testCardGroup } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";

/** Launches of the maker's plugin, until the avatar's first frame at a client of the room. */

const AVATAR = "bithuman-avatar-agent";

let stage: MediaStage;
let scenario: MediaScenario;

beforeAll(async () => {
  stage = await MediaStage.open({ webhooks: ["launch/pool"] });
  scenario = await stage.scenario("launch");
  const { url } = stage.livekit;
  await scenario.warmPool(2, { livekit: { url, apiKeyRef: { name: "livekit" }, abandonedAfter: "5s" } });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** All callers hang up, and the slots are free again. */
async function hangUp(...rooms: readonly string[]): Promise<void> {
  // Without the grace period of an abandoned session.
  await scenario.endSessions();
  await Promise.all(rooms.map((room) => stage.callers.hangUp(room)));
}

describe("a launch of a preset", () => {
  it.each(["essence", "expression"] as const)("shows the avatar after one attempt, in the dialect for %s", async (model) => {
    const room = `dialect-${model}`;
    const shown = await scenario.call(room, { model });
    console.error(room, shown);
    expect(shown.failures).toEqual([]);
    expect(await scenario.participants(room)).toEqual(["agent", AVATAR, "viewer"]);
    expect(await scenario.activeTasks()).toEqual([expect.objectContaining({ room_name: room, state: "running" })]);
    await hangUp(room);
  });
});

describe("the check of helm test", () => {
  it("passes with a real room and a real worker, and leaves no session", async () => {
    const lines: string[] = [];
    const settings = checkLaunchSettings({
      AVATARPOOL_URL: stage.gateways[0]?.url,
      AVATARPOOL_POOL: "launch/pool",
      LIVEKIT_URL: stage.livekit.url,
      LIVEKIT_API_KEY: LIVEKIT_KEY,
      LIVEKIT_API_SECRET: LIVEKIT_SECRET,
    });
    await checkLaunch(settings, (line) => lines.push(line));
    expect(lines).toEqual([
      expect.stringMatching(/^launched on pool launch\/pool in /),
      expect.stringMatching(/^the avatar of worker pool-cpu-\S+ is in the room$/),
      "the session has ended",
    ]);
    await scenario.until("no session", async () => (await scenario.activeTasks()).length === 0);
  });
});

describe("gestures", () => {
  it("reach the worker's renderer by LiveKit's RPC, and an unknown one is answered with the known ones", async () => {
    await scenario.call("gestures");
    const known = await stage.callers.gesture("gestures", "agent", "mini_wave_hello");
    expect("answer" in known && JSON.parse(known.answer)).toEqual({ status: "ok", action: "mini_wave_hello" });
    const unknown = await stage.callers.gesture("gestures", "agent", "fly");
    expect(unknown).toMatchObject({ message: expect.stringContaining('action "fly" is unknown'), data: expect.any(String) });
    expect("data" in unknown && JSON.parse(unknown.data ?? "")).toContain("mini_wave_hello");
    await hangUp("gestures");
  });
});

describe("eight launches on four slots", () => {
  it("are all served after one attempt: four wait until the first calls end", async () => {
    const rooms = Array.from({ length: 8 }, (_, n) => `many-${n}`);
    const shown = new Set<string>();
    const calls = rooms.map(async (room, n) => {
      const result = await scenario.call(room, { gateway: stage.gateways[n % 2] });
      shown.add(room);
      return result;
    });
    await scenario.until("four avatars", () => shown.size === 4);
    await sleep(1_000);
    expect([shown.size, (await scenario.activeTasks()).length]).toEqual([4, 4]);
    const first = [...shown];
    await Promise.all(first.map((room) => stage.callers.hangUp(room)));
    const results = await Promise.all(calls);
    console.error(results);
    expect(results.map(({ failures }) => failures)).toEqual(rooms.map(() => []));
    await hangUp(...rooms.filter((room) => !first.includes(room)));
  });
});

describe("an agent that is dispatched again into the same room", () => {
  it("gets a new avatar, and the room has only that one", async () => {
    const room = "again";
    await scenario.call(room, { agent: "agent-1" });
    await stage.callers.leave(room, "agent-1");
    await scenario.call(room, { agent: "agent-2", gateway: stage.gateways[1] });
    // Longer than the gateway's grace period for sessions without an agent.
    await sleep(8_000);
    expect(await stage.callers.watch(room)).toEqual([expect.objectContaining({ agent: "agent-2" })]);
    expect(await scenario.participants(room)).toEqual(["agent-2", AVATAR, "viewer"]);
    expect(await scenario.activeTasks()).toHaveLength(1);
    await hangUp(room);
  });
});

describe("a worker that is killed", () => {
  it("ends its session, and the agent gets another avatar with its next launch", async () => {
    const room = "killed";
    await scenario.call(room);
    const [task] = await scenario.activeTasks();
    scenario
      .workers()
      .find(({ pod }) => pod.name === task?.pod)
      ?.kill();
    await scenario.until("the session to be counted no longer", async () => (await scenario.status()).sessions === 0);
    const again = await scenario.call(room, { agent: "agent-2" });
    console.error(room, again);
    expect(again.failures).toEqual([]);
    await scenario.until(
      "the worker to run again",
      async () => scenario.workers().length === 2 && (await scenario.tasks()).length > 0,
    );
    await hangUp(room);
  });
});

describe("an image of the caller", () => {
  // The maker's image is not public. The worker is the CPU worker's process with a test card, which accepts every image.
  it("travels to an expression worker, and the avatar shows", async () => {
    const own = await stage.scenario("image");
    const group = testCardGroup({ name: "gpu", engine: "expression", min: 1, max: 1 });
    await own.readyPool({ workers: [group] });
    await own.warm(1);
    const shown = await own.call("own-image", { model: "expression", image: "teal" });
    console.error("own-image", shown);
    expect(shown.failures).toEqual([]);
    await stage.callers.hangUp("own-image");
  });
});
