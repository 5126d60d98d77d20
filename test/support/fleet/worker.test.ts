import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../fake-clock.ts";
import { Ledger } from "./ledger.ts";
import { workerProfile } from "./profile.ts";
import { testFrame } from "./test-frame.ts";
import { StandInWorker } from "./worker.ts";

const GPU = workerProfile("expression", { MAX_SESSIONS: "2" }, () => 0);
const CPU = workerProfile("essence", {}, () => 0);

let clock: FakeClock;
let ledger: Ledger;
let worker: StandInWorker;

async function start(profile = GPU, models?: ReadonlySet<string>) {
  clock = new FakeClock();
  ledger = new Ledger();
  const pod = { namespace: "avatars", name: "gpu-0" };
  worker = await StandInWorker.start({ pod, host: "127.0.0.1", port: 0, profile, clock, ledger, ...(models && { models }) });
}

async function startWarm(profile = GPU, models?: ReadonlySet<string>) {
  await start(profile, models);
  await clock.advance(profile.coldStartMs);
}

afterEach(() => worker.stop("end of the test"));

async function call(method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(worker.url + path, { method, ...init });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const launchFields = { livekit_url: "wss://livekit.test", livekit_token: "t", room_name: "room-1" };
const maya = { ...launchFields, avatar_image_url: "http://images.test/maya.jpg" };

/** Launches with a urlencoded form, like a client without an image file. */
function launch(fields: Record<string, string> = maya) {
  return call("POST", "/launch", { body: new URLSearchParams(fields) });
}

async function stateOf(answer: { body: Record<string, unknown> }) {
  return (await call("GET", `/tasks/${answer.body.task_id}`)).body.state;
}

/** Milliseconds from now until the task runs, rounded up to half a second. */
async function startupOf(answer: { body: Record<string, unknown> }): Promise<number> {
  for (let passedMs = 0; passedMs <= 20_000; passedMs += 500) {
    if ((await stateOf(answer)) === "running") return passedMs;
    await clock.advance(500);
  }
  throw new Error("the session did not start to run");
}

describe("while it loads", () => {
  beforeEach(() => start());

  it("is healthy but not ready, and rejects launches and benchmarks", async () => {
    expect(await call("GET", "/health")).toEqual({
      status: 200,
      body: { status: "healthy", service: "expression-avatar", active_sessions: 0, max_sessions: 2 },
    });
    expect(await call("GET", "/ready")).toMatchObject({ status: 503, body: { status: "not_ready", model_ready: false } });
    expect(await launch()).toMatchObject({ status: 503, body: { status: "not_ready" } });
    expect(await call("POST", "/benchmark?iterations=1")).toMatchObject({ status: 503, body: { status: "not_ready" } });
    expect(await call("GET", "/test-frame")).toMatchObject({ status: 503 });
    expect(ledger.totals).toMatchObject({ launches: 1, served: 0, refused503: 1 });
  });

  it("becomes ready only after the cold start", async () => {
    await clock.advance(GPU.coldStartMs - 1);
    expect((await call("GET", "/ready")).status).toBe(503);
    await clock.advance(1);
    expect(await call("GET", "/ready")).toEqual({
      status: 200,
      body: { status: "ready", model_ready: true, active_sessions: 0, available_sessions: 2, max_sessions: 2 },
    });
  });
});

describe("sessions", () => {
  beforeEach(() => startWarm());

  it("reports pending at once, then running, then completed at the session's end", async () => {
    const answer = await launch({ ...maya, x_session_seconds: "60" });
    expect(answer).toMatchObject({ status: 200, body: { status: "pending", room_name: "room-1" } });
    expect(await stateOf(answer)).toBe("pending");
    await startupOf(answer);
    await clock.advance(60_000);
    expect(await call("GET", `/tasks/${answer.body.task_id}`)).toMatchObject({ body: { state: "completed", error: null } });
    expect(ledger.totals).toMatchObject({ served: 1, sessionsEnded: 1, sessionsKilled: 0 });
  });

  it("is at capacity but healthy while pending and running sessions occupy every slot", async () => {
    await launch();
    const second = await launch();
    expect(await call("GET", "/ready")).toMatchObject({ status: 503, body: { status: "at_capacity", available_sessions: 0 } });
    expect((await call("GET", "/health")).status).toBe(200);
    expect(await launch()).toMatchObject({ status: 503, body: { status: "at_capacity" } });
    await call("POST", `/tasks/${second.body.task_id}/stop`);
    expect((await call("GET", "/ready")).status).toBe(200);
    expect((await launch()).status).toBe(200);
  });

  it("stops a session on request, once", async () => {
    const answer = await launch();
    const path = `/tasks/${answer.body.task_id}/stop`;
    expect(await call("POST", path)).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(await call("POST", path)).toMatchObject({ status: 200, body: { state: "cancelled" } });
    expect(ledger.totals).toMatchObject({ sessionsEnded: 1, sessionsKilled: 0 });
    expect((await call("POST", "/tasks/nobody/stop")).status).toBe(404);
  });

  it("keeps an abandoned session, and its slot, until the idle timeout", async () => {
    const answer = await launch();
    await startupOf(answer);
    await clock.advance(599_000);
    expect(worker.activeSessions).toBe(1);
    await clock.advance(1_000);
    expect(worker.activeSessions).toBe(0);
  });

  it("removes ended tasks after the retention time", async () => {
    await call("POST", `/tasks/${(await launch()).body.task_id}/stop`);
    expect((await call("GET", "/tasks")).body.tasks).toHaveLength(1);
    await clock.advance(3_600_000);
    expect((await call("GET", "/tasks")).body.tasks).toHaveLength(0);
  });

  it("delays the response of a launch with async_mode=false until the session runs", async () => {
    const answer = launch({ ...maya, async_mode: "false" });
    await expect.poll(() => worker.activeSessions).toBe(1);
    await clock.advance(10_000);
    expect((await answer).body.status).toBe("running");
  });
});

describe("start-up times", () => {
  beforeEach(() => startWarm());

  it("are 4 s, 2 s more at an avatar's first use, and 1.5 s more without an earlier session or benchmark", async () => {
    expect(await startupOf(await launch())).toBe(7_500);
    expect(await startupOf(await launch())).toBe(4_000);
  });

  it("exclude the pipeline's start after a benchmark", async () => {
    const benchmark = call("POST", "/benchmark?iterations=2");
    await expect.poll(() => clock.nextDelayMs).toBe(1_000);
    await clock.advance(1_000);
    expect(await benchmark).toMatchObject({ status: 200, body: { iterations: 2 } });
    expect(await startupOf(await launch())).toBe(6_000);
  });
});

describe("the forms of a launch", () => {
  beforeEach(() => startWarm());

  it("include multipart with an image file, cached by its content", async () => {
    const form = () => {
      const data = new FormData();
      for (const [name, value] of Object.entries(launchFields)) data.set(name, value);
      data.set("avatar_image", new Blob([new Uint8Array(testFrame)], { type: "image/jpeg" }), "face.jpg");
      return data;
    };
    await startupOf(await call("POST", "/launch", { body: form() }));
    expect(await startupOf(await call("POST", "/launch", { body: form() }))).toBe(4_000);
  });

  it("include JSON", async () => {
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ ...launchFields, avatar_id: "A1" });
    expect((await call("POST", "/launch", { headers, body })).status).toBe(200);
    expect((await call("POST", "/launch", { headers, body: "{" })).status).toBe(400);
  });

  it.each([
    ["no room", { ...maya, room_name: "" }, "room_name is required"],
    ["no avatar", launchFields, "one of avatar_image, avatar_image_url and avatar_id is required"],
    ["an https LiveKit address", { ...maya, livekit_url: "https://livekit.test" }, "livekit_url must begin with ws:// or wss://"],
    ["a bad image address", { ...launchFields, avatar_image_url: "maya.jpg" }, "avatar_image_url must be an http or https address"],
    ["a file that is no image", { ...launchFields, avatar_image: "aGVsbG8=" }, "avatar_image is not a JPEG, PNG or WebP image"],
  ])("answers 400 to %s and starts nothing", async (_, fields, error) => {
    expect(await launch(fields as Record<string, string>)).toMatchObject({ status: 400, body: { error } });
    expect(worker.activeSessions).toBe(0);
  });

  it("can contain the session's length in the prompt, which gateways forward", async () => {
    const answer = await launch({ ...maya, prompt: "x_session_seconds=5" });
    await startupOf(answer);
    await clock.advance(5_000);
    expect(await stateOf(answer)).toBe("completed");
  });
});

it("serves a JPEG as the test frame", async () => {
  await startWarm();
  const response = await fetch(`${worker.url}/test-frame`);
  expect(response.headers.get("content-type")).toBe("image/jpeg");
  expect(
    Buffer.from(await response.arrayBuffer())
      .subarray(0, 3)
      .toString("hex"),
  ).toBe("ffd8ff");
});

it("serves only the models of its folder on a CPU, without encoding", async () => {
  await startWarm(CPU, new Set(["leo"]));
  expect(await launch({ ...launchFields, avatar_id: "maya" })).toMatchObject({ status: 400 });
  expect(await startupOf(await launch({ ...launchFields, avatar_id: "leo" }))).toBe(4_000);
});

describe("failures on demand", () => {
  beforeEach(() => startWarm());

  it("hang: a launch gets no response, other requests do", async () => {
    worker.fail("hang");
    const aborted = new AbortController();
    const answer = fetch(`${worker.url}/launch`, { method: "POST", body: new URLSearchParams(maya), signal: aborted.signal });
    await expect.poll(() => ledger.totals.launches).toBe(1);
    await clock.advance(600_000);
    expect((await call("GET", "/ready")).status).toBe(200);
    expect(worker.activeSessions).toBe(0);
    aborted.abort();
    await expect(answer).rejects.toThrow();
  });

  it("freeze: no request gets a response, and sessions continue", async () => {
    await launch();
    worker.fail("freeze");
    const patience = AbortSignal.timeout(50);
    await expect(fetch(`${worker.url}/health`, { signal: patience })).rejects.toThrow(/timeout/);
    expect(worker.activeSessions).toBe(1);
    worker.fail("none");
    expect((await call("GET", "/health")).status).toBe(200);
  });

  it("reset: the connection breaks and no session starts", async () => {
    worker.fail("reset");
    await expect(launch()).rejects.toThrow();
    expect(worker.activeSessions).toBe(0);
  });

  it("lost-answer: the connection breaks and a session runs", async () => {
    worker.fail("lost-answer");
    await expect(launch()).rejects.toThrow();
    expect(worker.activeSessions).toBe(1);
  });

  it("slow: the response is seconds late", async () => {
    worker.fail("slow");
    const answer = launch();
    await expect.poll(() => clock.nextDelayMs).toBe(5_000);
    await clock.advance(5_000);
    expect((await answer).status).toBe(200);
  });

  it("crash: connections are refused and its sessions count as killed", async () => {
    const { body } = await launch();
    worker.fail("crash");
    await expect(launch()).rejects.toThrow();
    expect(await worker.exited).toBe("the worker crashed");
    expect(ledger.totals.sessionsKilled).toBe(1);
    expect(ledger.totals.kills).toMatchObject([
      { pod: "avatars/gpu-0", roomName: "room-1", taskId: body.task_id, reason: "the worker crashed" },
    ]);
  });

  it("none: the worker recovers", async () => {
    worker.fail("reset");
    worker.fail("none");
    expect((await launch()).status).toBe(200);
  });
});
