import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Balancer } from "../support/media/balancer.ts";
import type { MediaScenario } from "../support/media/scenario.ts";
import { MediaStage } from "../support/media/stage.ts";

/** Callers reach both gateways through one address, as through a Service. */

const CALLS = 6;

let stage: MediaStage;
let scenario: MediaScenario;
let balancer: Balancer;

beforeAll(async () => {
  stage = await MediaStage.open();
  balancer = await Balancer.start(stage.gateways.map(({ url }) => url));
  scenario = await stage.scenario("killed");
  await scenario.warmPool(4);
});

afterAll(async () => {
  await balancer?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

describe("a gateway that is killed while clients launch", () => {
  it("costs no launch: every room gets exactly one session and one avatar", async () => {
    const rooms = Array.from({ length: CALLS }, (_, n) => `room-${n}`);
    const calls = rooms.map((room) => scenario.call(room, { gateway: balancer }));
    await scenario.until("the first session to begin", async () => (await scenario.tasks()).length > 0);
    await stage.gateways[0]?.process.stop("SIGKILL");
    const results = await Promise.all(calls);
    console.error(results);
    // A second session of a launch would begin within the plugin's retries.
    await sleep(5_000);
    const sessions = await scenario.tasks();
    expect(sessions.map(({ room_name: room }) => room).sort()).toEqual(rooms);
    expect(sessions.every(({ state }) => state === "running")).toBe(true);
    for (const room of rooms) expect(await scenario.participants(room)).toEqual(["agent", "bithuman-avatar-agent", "viewer"]);
  });
});
