import { describe, expect, it } from "vitest";
import { alone, elsewhere, empty, inhabited, sessionsWorld, valuesOf } from "../../../test/support/gateway/sessions.ts";

describe("abandoned sessions", () => {
  it("are ended if a second check after the grace period finds no participant", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn, news, reclaimedSlotSeconds, metrics, core, key } = sessionsWorld();
    const worker = await addWorker("a");
    await launch("maya", { room: "r" });
    rooms.set("r", inhabited);
    await clock.advance(60_000);
    rooms.set("r", alone);
    await hear("left", "r");
    await clock.advance(9_900);
    expect(await statesIn("r")).toEqual(["running"]);
    await clock.advance(1_100);
    expect(await statesIn("r")).toEqual(["cancelled"]);
    expect([worker.sessions, news()]).toEqual([0, ["abandoned"]]);
    expect((await valuesOf(metrics.abandonedSessions))[0]?.value).toBe(1);
    expect(await reclaimedSlotSeconds()).toBeGreaterThan(580);
    expect(await reclaimedSlotSeconds()).toBeLessThanOrEqual(590);
    expect(core.state(key)?.reclaimed).toEqual({ sessions: 1, slotSeconds: Math.round(await reclaimedSlotSeconds()) });
  });

  it("are found without webhooks, by a check every 25 s", async () => {
    const { addWorker, launch, rooms, looks, clock, statesIn } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    rooms.set("r", inhabited);
    await clock.advance(300_000);
    expect(looks.length).toBeGreaterThanOrEqual(10);
    expect(looks.length).toBeLessThanOrEqual(12);
    rooms.set("r", alone);
    await clock.advance(38_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  const leaves = Array.from({ length: 30 }, (_, at) => 5_000 + at * 1_009);

  it("end after the grace period and within 38 s without webhooks, for any time at which the agent leaves", async () => {
    const { addWorker, launch, rooms, clock, statesIn } = sessionsWorld();
    await addWorker("a", { slots: 100 });
    const endedMs = new Map<number, number>();
    for (const leavesMs of leaves) {
      await launch("maya", { room: `r${leavesMs}` });
      rooms.set(`r${leavesMs}`, inhabited);
    }
    const begunMs = clock.now();
    while (clock.now() - begunMs < 80_000) {
      await clock.advance(100);
      const nowMs = clock.now() - begunMs;
      for (const leavesMs of leaves) {
        if (nowMs >= leavesMs) rooms.set(`r${leavesMs}`, alone);
        if (endedMs.has(leavesMs) || (await statesIn(`r${leavesMs}`))[0] === "running") continue;
        endedMs.set(leavesMs, nowMs - leavesMs);
      }
    }
    expect(endedMs.size).toBe(leaves.length);
    expect(Math.min(...endedMs.values())).toBeGreaterThanOrEqual(10_000);
    expect(Math.max(...endedMs.values())).toBeLessThanOrEqual(38_000);
  }, 30_000);

  it.each([0, 400, 1_900, 4_000])("end within 13 s with a webhook if the list of participants lags by %i ms", async (lagMs) => {
    for (const leavesMs of [4_000, 4_300, 24_900, 25_100]) {
      const { addWorker, launch, rooms, hear, clock, statesIn } = sessionsWorld();
      await addWorker("a");
      await launch("maya", { room: "r" });
      rooms.set("r", inhabited);
      await clock.advance(leavesMs);
      await hear("left", "r");
      await clock.advance(lagMs);
      rooms.set("r", alone);
      await clock.advance(9_500 - lagMs);
      expect(await statesIn("r")).toEqual(["running"]);
      await clock.advance(3_500);
      expect(await statesIn("r")).toEqual(["cancelled"]);
    }
  });

  it("end in time also if another worker does not respond", async () => {
    const slow = { gone: false };
    const { addWorker, launch, rooms, hear, clock, statesIn } = sessionsWorld(undefined, {}, slow, (origin) =>
      origin.includes("ip-b"),
    );
    await addWorker("a", { slots: 1 });
    await addWorker("b");
    await launch("maya", { room: "r" });
    await launch("maya", { room: "at-b" });
    for (const room of ["r", "at-b"]) rooms.set(room, inhabited);
    await clock.advance(5_000);
    slow.gone = true;
    rooms.set("r", alone);
    await hear("left", "r");
    await clock.advance(11_100);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  it("stay if a check finds no participant within the grace period after the agent was present", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    rooms.set("r", inhabited);
    await clock.advance(5_000);
    // A guest leaves. The agent leaves 4 s later, without a webhook.
    await hear("left", "r");
    await clock.advance(4_000);
    rooms.set("r", alone);
    await clock.advance(7_000);
    expect(await statesIn("r")).toEqual(["running"]);
    await clock.advance(5_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  it("are found soon after a failed check", async () => {
    const { addWorker, launch, rooms, clock, statesIn } = sessionsWorld();
    await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(27_000);
    rooms.set("r", alone);
    await clock.advance(16_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
  });

  it("are checked at a limited rate, and first if a webhook reports that a participant left", async () => {
    const { addWorker, launch, rooms, looks, hear, clock } = sessionsWorld();
    await addWorker("a", { slots: 120 });
    for (let at = 0; at < 120; at += 1) {
      await launch("maya", { room: `r${at}` });
      rooms.set(`r${at}`, inhabited);
    }
    await clock.advance(25_500);
    const before = looks.length;
    expect(before).toBe(50);
    await hear("left", "r119");
    await clock.advance(1_000);
    expect(looks.slice(before)[0]).toBe("r119");
    expect(looks.length - before).toBeLessThanOrEqual(50);
    await clock.advance(2_000);
    expect(new Set(looks).size).toBe(120);
  });

  it("stay if a participant returns within the grace period", async () => {
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

  it("stay while the room cannot be checked", async () => {
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

  it("are not checked on the pool's LiveKit server if this gateway launched them to another one", async () => {
    const { addWorker, launch, rooms, looks, hear, clock, statesIn } = sessionsWorld(elsewhere);
    await addWorker("a");
    await launch("maya", { room: "r" });
    for (const view of [empty, alone]) {
      rooms.set("r", view);
      await hear("avatar-joined", "r");
      await hear("left", "r");
      await clock.advance(60_000);
      await hear("finished", "r");
      await clock.advance(60_000);
    }
    expect([await statesIn("r"), looks]).toEqual([["running"], []]);
  });

  it("of another gateway stay if the pool's LiveKit server has no such room, until it reports the room's end", async () => {
    const { addWorker, rooms, hear, clock, statesIn } = sessionsWorld();
    const worker = await addWorker("a", { slots: 4 });
    worker.sessions = 1;
    worker.rooms.push("theirs");
    rooms.set("theirs", empty);
    await clock.advance(20_000);
    await hear("left", "theirs");
    await clock.advance(120_000);
    expect(await statesIn("theirs")).toEqual(["running"]);
    await hear("finished", "theirs");
    await clock.advance(11_500);
    expect(await statesIn("theirs")).toEqual(["cancelled"]);
  });

  it("of another gateway are ended also if the webhook arrives before their discovery", async () => {
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

  it("do not include a session that ended by itself", async () => {
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

  it("are distinct from those of the next agent, whose avatar has not joined yet", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn, news } = sessionsWorld();
    const worker = await addWorker("a", { slots: 4 });
    await launch("maya", { room: "r", identity: "avatar", agent: "agent-1" });
    rooms.set("r/agent-1", inhabited);
    await clock.advance(60_000);
    rooms.set("r/agent-1", alone);
    rooms.set("r/agent-2", { avatar: false, principal: true });
    worker.stop = "fails";
    await launch("maya", { room: "r", identity: "avatar", agent: "agent-2" });
    await hear("left", "r");
    await clock.advance(60_000);
    worker.stop = "ends";
    await clock.advance(10_000);
    expect(await statesIn("r")).toEqual(["cancelled", "running"]);
    expect(news()).toContain("abandoned");
  });

  it("of unknown launches stay while their room has another session: the agent may belong to either", async () => {
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
