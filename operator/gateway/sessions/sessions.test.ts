import { describe, expect, it } from "vitest";
import { FakeWorkers } from "../../../test/support/gateway/fake-workers.ts";
import { gatewayHarness } from "../../../test/support/gateway/harness.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import type { WorkerClient } from "../../workers/client.ts";
import type { RoomView } from "./room-view.ts";
import type { SessionNews } from "./sessions.ts";

const somewhere = { url: "wss://x", apiKeyRef: { name: "livekit" } };
/** Where launches did not go. */
const elsewhere = { url: "wss://elsewhere", apiKeyRef: { name: "livekit" } };

const alone: RoomView = { avatar: true, somebody: false };
const inhabited: RoomView = { avatar: true, somebody: true };
const empty: RoomView = { avatar: false, somebody: false };

type Metric = { get(): Promise<{ values: { value: number; labels: object; metricName?: string }[] }> };

/** A gateway whose pool names a LiveKit server, and the rooms there. A room that nobody has set cannot be looked at. */
function world(livekit = somewhere, more: Parameters<typeof testPool>[0] = {}, network = { gone: false }) {
  const rooms = new Map<string, RoomView>();
  const looks: string[] = [];
  const news: SessionNews[] = [];
  const pool = testPool({ livekit, ...more });
  const lookAt = async (_pool: unknown, room: string): Promise<RoomView> => {
    looks.push(room);
    const view = rooms.get(room);
    if (view === undefined) throw new Error("LiveKit does not answer");
    return view;
  };
  const workers = new FakeWorkers();
  const client: WorkerClient = {
    get: (origin, path, signal) => (network.gone ? never(signal) : workers.get(origin, path)),
    post: (origin, path, body, signal) => (network.gone ? never(signal) : workers.post(origin, path, body)),
  };
  const gateway = gatewayHarness(pool, { workers, network: client, lookAt, tell: (told) => news.push(told) });
  const { clock, core, metrics } = gateway;
  async function settled<T>(promise: Promise<T>): Promise<T> {
    await clock.advance(0);
    return promise;
  }
  return {
    ...gateway,
    rooms,
    looks,
    news: () => news.map(({ kind }) => kind),
    statesIn: async (room: string) => (await settled(core.sessions.inRoom(pool, room))).sessions.map(({ state }) => state),
    inPool: () => settled(core.sessions.inPool(pool)),
    end: (room: string) => settled(core.sessions.end(pool, room)),
    hear: async (kind: "left" | "finished" | "avatar-joined", room: string) => {
      core.sessions.heard(pool, { kind, room });
      await clock.advance(0);
    },
    shows: (room: string, identity: string) => core.sessions.heard(pool, { kind: "video", room, identity }),
    ended: async () => (await valuesOf(metrics.sessionsEnded)).map(({ labels, value }) => ({ ...labels, value })),
    wonBackSeconds: async () => (await valuesOf(metrics.wonBackSeconds))[0]?.value ?? 0,
  };
}

/** What nobody answers. */
function never(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

async function valuesOf(metric: Metric) {
  return (await metric.get()).values;
}

describe("sessions", () => {
  it("are known from the launch on, with what their worker says of them", async () => {
    const { addWorker, launch, inPool, statesIn } = world();
    const worker = await addWorker("a", { taskState: "pending" });
    await launch("maya", { room: "r" });
    expect(await statesIn("r")).toEqual(["pending"]);
    worker.taskState = "running";
    expect(await inPool()).toMatchObject({
      sessions: [{ room: "r", state: "running", launched: { preset: "maya", path: "warm" } }],
      complete: true,
    });
  });

  it("of other gateways are found at the workers, and followed from then on", async () => {
    const { addWorker, statesIn, inPool, clock, ended } = world();
    const worker = await addWorker("a", { slots: 4 });
    worker.sessions = 1;
    worker.rooms.push("theirs");
    expect(await statesIn("theirs")).toEqual(["running"]);
    worker.rooms.pop();
    worker.sessions = 0;
    await clock.advance(16_000);
    expect((await inPool()).sessions).toEqual([]);
    expect(await statesIn("theirs")).toEqual(["completed"]);
    expect(await ended()).toEqual([{ namespace: "avatars", pool: "support", outcome: "completed", value: 1 }]);
  });

  it("are forgotten ten minutes after their end", async () => {
    const { addWorker, launch, end, statesIn, clock } = world();
    await addWorker("a");
    await launch("maya", { room: "r" });
    await end("r");
    await clock.advance(590_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
    await clock.advance(20_000);
    expect(await statesIn("r")).toEqual([]);
  });

  it("end on request, and their slot is free at once", async () => {
    const { addWorker, launch, end, statesIn } = world();
    await addWorker("a", { slots: 1 });
    await launch("maya", { room: "r" });
    const waiting = await launch("maya", { room: "next" });
    expect(waiting.status).toBe(0);
    expect((await end("r")).sessions).toMatchObject([{ room: "r", state: "cancelled" }]);
    expect(waiting.status).toBe(200);
    expect(await statesIn("next")).toEqual(["running"]);
  });

  it("count as ended once, also where their worker takes its time, and live on where it does not end them", async () => {
    const { addWorker, launch, end, statesIn, clock, ended } = world();
    const worker = await addWorker("a");
    await launch("maya", { room: "r" });
    await end("r");
    worker.rooms.push("r");
    await clock.advance(5_000);
    expect(await statesIn("r")).toEqual(["cancelled"]);
    await clock.advance(6_000);
    expect(await statesIn("r")).toEqual(["running"]);
    expect(await ended()).toMatchObject([{ outcome: "cancelled", value: 1 }]);
  });

  it("say that the answer is not whole when a worker cannot be asked", async () => {
    const { addWorker, inPool, client } = world();
    await addWorker("a");
    await addWorker("b");
    client.kill("b");
    expect(await inPool()).toEqual({ sessions: [], complete: false });
  });
});

describe("a worker's death", () => {
  it("is noticed within 2 s and told, and its sessions count against no limit", async () => {
    const { addWorker, launch, client, clock, statesIn, news, ended } = world(somewhere, { limits: { maxSessions: 2 } });
    await addWorker("a", { slots: 2 });
    await launch("maya", { room: "r1" });
    await launch("maya", { room: "r2" });
    await clock.advance(5_000);
    client.kill("a");
    await clock.advance(2_000);
    expect(news()).toEqual(["lost", "lost"]);
    expect(await statesIn("r1")).toEqual(["lost"]);
    expect(await ended()).toMatchObject([{ outcome: "lost", value: 2 }]);
    await addWorker("b");
    expect((await launch("maya", { room: "r3" })).status).toBe(200);
  });

  it("is told also where its pod goes, and where it starts anew without them", async () => {
    const { addWorker, removeWorker, launch, clock, statesIn } = world();
    const worker = await addWorker("a");
    await launch("maya", { room: "r1" });
    await clock.advance(3_000);
    Object.assign(worker, { ready: false, sessions: 0 }).rooms.length = 0;
    await clock.advance(2_000);
    expect(await statesIn("r1")).toEqual(["lost"]);
    worker.ready = true;
    await clock.advance(2_000);
    await launch("maya", { room: "r2" });
    await removeWorker("a");
    expect(await statesIn("r2")).toEqual(["lost"]);
  });

  it("is told within 10 s where its machine is gone, and nothing answers or refuses any more", async () => {
    const network = { gone: false };
    const { addWorker, launch, clock, statesIn, news } = world(somewhere, {}, network);
    await addWorker("a");
    await launch("maya", { room: "r" });
    await clock.advance(5_000);
    network.gone = true;
    await clock.advance(4_000);
    expect(news()).toEqual([]);
    await clock.advance(6_000);
    expect(news()).toEqual(["lost"]);
    network.gone = false;
    await clock.advance(3_000);
    expect(await statesIn("r")).toEqual(["running"]);
  });

  it("is not told of one that fails a probe and has its sessions still", async () => {
    const { addWorker, launch, clock, statesIn, news } = world();
    const worker = await addWorker("a");
    await launch("maya", { room: "r" });
    worker.ready = false;
    await clock.advance(20_000);
    expect([await statesIn("r"), news()]).toEqual([["running"], []]);
  });
});

describe("abandoned sessions", () => {
  it("are ended when a second look, after the grace, finds nobody either", async () => {
    const { addWorker, launch, rooms, hear, clock, statesIn, news, wonBackSeconds, metrics } = world();
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
  });

  it("are found without webhooks, by a look every 30 s", async () => {
    const { addWorker, launch, rooms, looks, clock, statesIn } = world();
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
    const { addWorker, launch, rooms, looks, hear, clock } = world();
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
    const { addWorker, launch, rooms, hear, clock, statesIn } = world();
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
    const { addWorker, launch, rooms, hear, clock, statesIn } = world();
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
    const { addWorker, launch, rooms, hear, clock, statesIn } = world(elsewhere);
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
    const { addWorker, rooms, hear, clock, statesIn } = world(elsewhere);
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
    const { addWorker, launch, rooms, hear, clock, news, statesIn } = world();
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
});

describe("the first frame", () => {
  it("is measured once, from the launch's arrival, when LiveKit tells of the avatar's picture", async () => {
    const { addWorker, launch, clock, shows, metrics } = world();
    await addWorker("a");
    await launch("maya", { room: "r", identity: "bithuman-avatar-agent" });
    await clock.advance(4_200);
    shows("r", "a-human");
    shows("r", "bithuman-avatar-agent");
    await clock.advance(1_000);
    shows("r", "bithuman-avatar-agent");
    const values = await valuesOf(metrics.firstFrameSeconds);
    expect(values.find(({ metricName }) => metricName?.endsWith("_sum"))?.value).toBeCloseTo(4.2);
    expect(values.find(({ metricName }) => metricName?.endsWith("_count"))?.value).toBe(1);
  });
});
