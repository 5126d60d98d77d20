import { describe, expect, it } from "vitest";
import { alone, elsewhere, empty, inhabited, sessionsWorld, valuesOf } from "../../../test/support/gateway/sessions.ts";

describe("abandoned sessions", () => {
  it("are ended when a second look, after the grace, finds nobody either", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn, news, wonBackSeconds, metrics, core, key } = sessionsWorld();
    const worker = await addWorker("a");
    await launch("maya", { room: "r" });
    rooms.set("r", inhabited);
    await clock.advance(60_000);
    rooms.set("r", alone);
    await hear("left", "r");
    await clock.advance(10_000);
    expect(await statesIn("r")).toEqual(["running"]);
    await clock.advance(3_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
    expect([worker.sessions, news()]).toEqual([0, ["abandoned"]]);
    expect((await valuesOf(metrics.abandonedSessions))[0]?.value).toBe(1);
    expect(await wonBackSeconds()).toBeGreaterThan(580);
    expect(await wonBackSeconds()).toBeLessThanOrEqual(590);
    expect(core.state(key)?.wonBack).toEqual({ sessions: 1, slotSeconds: Math.round(await wonBackSeconds()) });
  });

  it("are found without webhooks, by a look every 30 s", async () => {
    const { addWorker, launch, rooms, looks, clock, statesIn } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    rooms.set("r", inhabited);
    await clock.advance(300_000);
    expect(looks.length).toBeGreaterThanOrEqual(9);
    expect(looks.length).toBeLessThanOrEqual(11);
    rooms.set("r", alone);
    await clock.advance(45_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  it("are looked for within a rate, and first where somebody was heard to leave", async () => {
    const { addWorker, launch, rooms, looks, hear, clock } = sessionsWorld();
    await addWorker("a", { slots: 100 });
    for (let at = 0; at < 100; at += 1) {
      await launch("maya", { room: `r${at}` });
      rooms.set(`r${at}`, inhabited);
    }
    await clock.advance(30_000);
    const before = looks.length;
    expect(before).toBeLessThanOrEqual(20);
    await hear("left", "r99");
    await clock.advance(1_500);
    expect(looks.slice(before)[0]).toBe("r99");
    expect(looks.length - before).toBeLessThanOrEqual(40);
    await clock.advance(8_000);
    expect(new Set(looks).size).toBe(100);
  });

  it("are left alone when somebody is there again before the grace is over", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(5_000);
    rooms.set("r", alone);
    await hear("left", "r");
    await clock.advance(5_000);
    rooms.set("r", inhabited);
    await clock.advance(120_000);
    expect(await statesIn("r")).toEqual(["running"]);
    rooms.set("r", alone);
    await hear("left", "r");
    await clock.advance(8_000);
    expect(await statesIn("r")).toEqual(["running"]);
  });

  it("are left alone while the room cannot be looked at", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(5_000);
    rooms.set("r", alone);
    await hear("finished", "r");
    await clock.advance(3_000);
    rooms.delete("r");
    await clock.advance(120_000);
    expect(await statesIn("r")).toEqual(["running"]);
    rooms.set("r", alone);
    await clock.advance(7_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  it("are not taken for such where the pool's LiveKit server does not know their room", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn } = sessionsWorld(elsewhere);
    await addWorker("a");
    await launch("maya", { room: "r" });
    rooms.set("r", empty);
    await hear("left", "r");
    await clock.advance(120_000);
    expect(await statesIn("r")).toEqual(["running"]);
    await hear("finished", "r");
    await clock.advance(15_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  it("are won back also where LiveKit tells before their gateway knows them, and another gateway launched them", async () => {
    const { addWorker, rooms, hear, clock, statesIn } = sessionsWorld(elsewhere);
    const worker = await addWorker("a", { slots: 4 });
    rooms.set("theirs", empty);
    await hear("finished", "theirs");
    await clock.advance(1_000);
    worker.sessions = 1;
    worker.rooms.push("theirs");
    await clock.advance(30_000);
    expect(await statesIn("theirs")).toEqual(["cancelled"]);
  });

  it("are no word for a session that has ended by itself meanwhile", async () => {
    const { addWorker, launch, rooms, hear, clock, news, statesIn } = sessionsWorld();
    const worker = await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(2_000);
    rooms.set("r", alone);
    await hear("left", "r");
    await clock.advance(5_000);
    worker.rooms.length = 0;
    await clock.advance(8_000);
    expect(await statesIn("r")).toEqual(["completed"]);
    expect(news()).toEqual([]);
  });

  it("are told from those of the next agent, whose avatar has not joined yet", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn, news } = sessionsWorld();
    const worker = await addWorker("a", { slots: 4 });
    await launch("maya", { room: "r", identity: "avatar", agent: "agent-1" });
    rooms.set("r/agent-1", inhabited);
    await clock.advance(60_000);
    rooms.set("r/agent-1", alone);
    rooms.set("r/agent-2", { avatar: false, somebody: true });
    worker.stop = "fails";
    await launch("maya", { room: "r", identity: "avatar", agent: "agent-2" });
    await hear("left", "r");
    await clock.advance(60_000);
    worker.stop = "ends";
    await clock.advance(10_000);
    expect(await statesIn("r")).toEqual(["cancelled", "running"]);
    expect(news()).toContain("abandoned");
  });

  it("of unknown launches are left alone while their room has another one: whose agent is there is not known", async () => {
    const { addWorker, launch, rooms, clock, client } = sessionsWorld();
    const worker = await addWorker("a", { slots: 4, sessions: 2 });
    worker.rooms.push("theirs", "theirs");
    rooms.set("theirs", alone);
    await clock.advance(120_000);
    expect(worker.rooms).toHaveLength(2);
    worker.rooms.pop();
    worker.sessions = 1;
    await clock.advance(120_000);
    expect([worker.rooms.length, client.launches]).toEqual([0, 0]);
    expect((await launch("maya", { room: "theirs" })).status).toBe(200);
  });
});
