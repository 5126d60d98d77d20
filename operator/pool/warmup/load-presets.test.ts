import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { gpuOnly, pod, pool } from "../../../test/support/pools.ts";
import { RecordingClient } from "../../../test/support/recording-client.ts";
import type { WorkerAnswer } from "../../workers/answers.ts";
import { presetLoader } from "./load-presets.ts";
import type { WorkerCall } from "./worker-calls.ts";

const livekit = { url: "wss://livekit.example.com", apiKeyRef: { name: "livekit" } };
const view = pool({
  ...gpuOnly,
  presets: [...gpuOnly.presets, { name: "zoe", avatarId: "A1" }],
  warm: { warmup: { mode: "session" } },
  livekit,
});
const base64 = (text: string) => Buffer.from(text).toString("base64");

const answered = (status: number, body: string): WorkerAnswer => ({ status, contentType: "application/json", body });

/** A worker with the given answers, and a loader for it. */
function setup(task: () => object, launched = () => answered(200, '{"status":"pending","task_id":"t1"}')) {
  const calls: WorkerCall[] = [];
  const client = new RecordingClient();
  const secret = { data: { "api-key": base64("key"), "api-secret": base64("very secret value of livekit") } };
  client.put("secrets", { namespace: "avatars", name: "livekit" }, secret);
  const clock = new FakeClock();
  const { promise: polled, resolve: onPoll } = Promise.withResolvers<void>();
  const workers = {
    call: async (call: WorkerCall) => {
      call.signal?.throwIfAborted();
      calls.push(call);
      if (call.path === "/launch") return launched();
      if (call.method === "POST") return answered(200, "{}");
      onPoll();
      return answered(200, JSON.stringify(task()));
    },
  };
  const sessions: string[] = [];
  const load = presetLoader({ client, workers, clock, onSession: (_pool, engine) => sessions.push(engine) });
  const signal = new AbortController();
  const run = () => load(view.config, view.config.groups[0]!, "http://worker", pod("a"), signal.signal);
  const paths = () => calls.map(({ method, path }) => `${method} ${path}`);
  return { run, calls, paths, sessions, clock, client, signal, polled };
}

describe("presetLoader", () => {
  it("runs a session for every preset of the group and stops each", async () => {
    const { run, calls, paths, sessions } = setup(() => ({ status: "running" }));
    await run();
    expect(sessions).toEqual(["expression", "expression"]);
    expect(paths()).toEqual([
      "POST /launch",
      "GET /tasks/t1",
      "POST /tasks/t1/stop",
      "POST /launch",
      "GET /tasks/t1",
      "POST /tasks/t1/stop",
    ]);
    const [maya, zoe] = calls
      .filter(({ path }) => path === "/launch")
      .map(({ body }) => Object.fromEntries(new URLSearchParams(String(body?.chunks[0]))));
    expect(maya).toMatchObject({ room_name: "avatarpool-warmup-a-maya", avatar_image_url: "https://example.com/maya.jpg" });
    expect(zoe).toMatchObject({ avatar_id: "A1", livekit_url: livekit.url });
    expect(maya?.livekit_token?.split(".")).toHaveLength(3);
  });

  it("waits until the session runs", async () => {
    const states = ["pending", "pending", "running", "running"];
    const { run, paths, clock, polled } = setup(() => ({ state: states.shift() }));
    const done = run();
    await polled;
    await clock.advance(1_000);
    await done;
    expect(paths().filter((path) => path === "GET /tasks/t1")).toHaveLength(4);
  });

  it.each([
    [{ status: "failed", error: "no face found" }, "preset maya: the warm-up session ended before it ran: no face found"],
    [{ status: "cancelled" }, "preset maya: the warm-up session ended before it ran: "],
  ])("fails with the worker's message for %j, and frees the slot", async (task, message) => {
    const { run, paths } = setup(() => task);
    await expect(run()).rejects.toThrow(message);
    expect(paths().at(-1)).toBe("POST /tasks/t1/stop");
  });

  it("fails after three minutes", async () => {
    const { run, clock, paths, polled } = setup(() => ({ status: "pending" }));
    const done = expect(run()).rejects.toThrow("did not run within 180 s");
    await polled;
    await clock.advance(181_000);
    await done;
    expect(paths().at(-1)).toBe("POST /tasks/t1/stop");
  });

  it("frees the slot also after its signal", async () => {
    const { run, paths, signal, polled } = setup(() => ({ status: "pending" }));
    const done = expect(run()).rejects.toThrow();
    await polled;
    signal.abort();
    await done;
    expect(paths().at(-1)).toBe("POST /tasks/t1/stop");
  });

  it("reports the worker's response to a rejected launch", async () => {
    const { run } = setup(
      () => ({}),
      () => answered(503, "at_capacity"),
    );
    await expect(run()).rejects.toThrow("preset maya: the worker rejected a warm-up session with status 503: at_capacity");
  });

  it("quotes no secret from the request or from the worker's environment", async () => {
    const echo = (value: string) => answered(422, JSON.stringify({ error: `cannot launch ${value} with makers-secret-1234` }));
    const { run, client, calls } = setup(
      () => ({}),
      () => echo(String(calls[0]?.body?.chunks[0])),
    );
    client.put("secrets", { namespace: "avatars", name: "maker" }, { data: { "api-secret": base64("makers-secret-1234") } });
    const { message } = await run().then(
      () => new Error("expected a failure"),
      (error: Error) => error,
    );
    expect(message).toContain("preset maya: the worker rejected a warm-up session with status 422: cannot launch ");
    expect(message).not.toMatch(/eyJ|makers-secret|secret-1234/);
  });

  it("names the key that the Secret lacks", async () => {
    const { run, client } = setup(() => ({}));
    client.objects.clear();
    await expect(run()).rejects.toThrow("requires the key api-key in Secret avatars/livekit (spec.livekit.apiKeyRef)");
  });
});
