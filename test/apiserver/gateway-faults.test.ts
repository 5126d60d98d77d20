import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LaunchOptions, ROOM_TOKEN, type Scenario, SECRET_VALUE, Stage } from "../support/scenario/index.ts";

/** Effects of invalid requests, worker failures and the loss of a gateway on clients. */

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ gateways: 2 });
});

afterAll(async () => {
  await stage?.stop();
});

describe("an invalid launch", () => {
  let scenario: Scenario;

  beforeAll(async () => {
    scenario = await stage.scenario("mistakes");
    await scenario.readyPool();
  });

  it.each<[string, LaunchOptions, number, string | undefined, RegExp]>([
    ["no room", { fields: { room_name: undefined } }, 400, "room_name", /is missing: send the LiveKit room/],
    ["an https URL", { fields: { livekit_url: "https://lk.test/" } }, 400, "livekit_url", /write wss:\/\/lk\.test\//],
    [
      "an unknown preset",
      { fields: { avatar_id: "nobody" } },
      404,
      "avatar_id",
      /matches no preset of this pool: send one of maya/,
    ],
    ["20 MB of image", { image: new Uint8Array(20 * 1024 * 1024) }, 413, undefined, /larger than 16 MB: send a smaller image/],
    [
      "a file that is not an image",
      { image: new Uint8Array(1_000) },
      400,
      undefined,
      /rejected the launch: avatar_image is not a JPEG/,
    ],
    ["XML", { request: { body: "<launch/>", headers: { "content-type": "application/xml" } } }, 415, undefined, /application\/xml/],
  ])("is rejected with the field and the remedy: %s", async (_what, options, expected, field, sentence) => {
    const { status, body } = await scenario.launch(options);
    expect([status, body.error?.field]).toEqual([expected, field]);
    expect(body.error?.message).toMatch(sentence);
  });

  it("gets 404 for a missing pool, and 405 with the allowed method for a GET", async () => {
    const url = `${stage.gateways[0]?.url}/mistakes`;
    const unknown = await fetch(`${url}/nobody/launch`, { method: "POST", body: new URLSearchParams({ room_name: "room" }) });
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      {
        error: {
          code: "pool_not_found",
          message: expect.stringMatching(/no AvatarPool nobody in namespace mistakes: check the URL/),
        },
      },
    ]);
    const wrong = await fetch(`${url}/pool/launch`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("occupies no slot", async () => {
    expect(scenario.activeSessions()).toBe(0);
    await scenario.sessions(2);
  });
});

describe.concurrent("a worker", () => {
  it("that accepts launches and never responds does not block other launches, and its launch moves to another worker when it crashes", async () => {
    const scenario = await stage.scenario("hang");
    await scenario.readyPool({ warm: { slots: 3 } });
    await scenario.until("two workers that serve", async () => (await scenario.status()).warmSlots === 4);
    const [first] = await scenario.sessions(1);
    stage.fleet.fail(first!, "hang");
    const hung = scenario.launch({ room: "hung" });
    await scenario.until("the launch to reach the worker", async () => ((await scenario.status()).sessions ?? 0) === 2);
    const others = await Promise.all(["a", "b", "c"].map((room) => scenario.launch({ room })));
    expect(others.map(({ status, worker }) => [status, worker === first])).toEqual(Array(3).fill([200, false]));
    stage.fleet.fail(first!, "crash");
    const { status, worker } = await hung;
    expect([status, worker === first]).toEqual([200, false]);
  });

  it("whose response is lost: the gateway reads its sessions, and the client gets the one session of its launch", async () => {
    const scenario = await stage.scenario("lost-answer");
    await scenario.readyPool({ warm: { slots: 3 } });
    await scenario.until("two workers that serve", async () => (await scenario.status()).warmSlots === 4);
    const [first] = await scenario.sessions(1);
    stage.fleet.fail(first!, "lost-answer");
    expect(await scenario.launch({ room: "lost" })).toMatchObject({ status: 200, worker: first });
    expect(scenario.workers().flatMap(({ tasks }) => tasks.filter(({ roomName }) => roomName === "lost"))).toHaveLength(1);
    stage.fleet.fail(first!, "none");
    await scenario.until("both sessions to be counted", async () => (await scenario.status()).sessions === 2);
  });

  it("that crashes loses its sessions: the status no longer counts them, other workers serve, and its slots return", async () => {
    const scenario = await stage.scenario("crash");
    await scenario.readyPool({ warm: { slots: 2 } });
    const [first] = await scenario.sessions(2);
    expect(scenario.workers().find(({ pod }) => pod.name === first)?.activeSessions).toBe(2);
    await scenario.condition("WarmCapacity", { status: "True" });
    stage.fleet.fail(first!, "crash");
    expect(await scenario.launch({ room: "right-after" })).toMatchObject({ status: 200 });
    await scenario.until("the status to count one session", async () => (await scenario.status()).sessions === 1);
    await scenario.until("the crashed worker to be ready", () =>
      scenario.workers().some(({ pod, state }) => pod.name === first && state === "ready"),
    );
    await scenario.condition("WarmCapacity", { status: "True" });
    await scenario.sessions(3);
    expect(scenario.activeSessions()).toBe(4);
    expect(scenario.kills()).toHaveLength(2);
  });
});

it("no log contains a room token or a client's secret, also for failed launches", async () => {
  const logs = await stage.logs();
  expect(logs).toMatch(/worker_rejected/);
  for (const value of [ROOM_TOKEN, SECRET_VALUE]) expect(logs).not.toContain(value);
});

/** Runs last, because the killed gateway does not restart. */
describe("a gateway that is killed during a burst", () => {
  it("loses no session and no slot: the other gateway serves, and the operator detects the loss", async () => {
    const scenario = await stage.scenario("burst");
    await scenario.readyPool({
      workers: [{ name: "gpu", engine: "expression", max: 10, sessionsPerWorker: 2 }],
      warm: { slots: 2 },
    });
    const [dying, other] = stage.gateways;
    const launchAll = (rooms: string) => (gateway: typeof dying) =>
      Array.from({ length: 5 }, (_, index) => scenario.launch({ room: `${rooms}-${index}` }, gateway));
    const lost = Promise.allSettled(launchAll("dying")(dying));
    const served = launchAll("other")(other);
    await scenario.until("the first sessions", () => scenario.activeSessions() > 0);
    await dying?.process.stop("SIGKILL");
    const answers = [...(await lost)].flatMap((answer) => (answer.status === "fulfilled" ? [answer.value.status] : []));
    expect(answers.every((status) => status === 200)).toBe(true);
    expect((await Promise.all(served)).map(({ status }) => status)).toEqual(Array(5).fill(200));

    await scenario.until("the operator to count one connected gateway", async () => {
      const metrics = await (await fetch(`${stage.operator.url}/metrics`)).text();
      return /^avatarpool_gateways_connected 1$/m.test(metrics);
    });
    const begun = scenario.activeSessions();
    await scenario.until(
      "the operator to count every session that has started",
      async () => (await scenario.status()).sessions === begun,
    );
    scenario.endSessions();
    await scenario.until("no session", async () => (await scenario.status()).sessions === 0);
    const again = await Promise.all(launchAll("again")(other));
    expect(again.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(scenario.kills()).toEqual([]);
  });
});
