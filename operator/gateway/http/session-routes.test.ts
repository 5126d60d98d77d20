import { AccessToken } from "livekit-server-sdk";
import { afterEach, describe, expect, it } from "vitest";
import { json, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

const key = "APIkey";
const secret = "a-secret-of-more-than-thirty-two-characters";
const secrets = new Map([
  ["api-key", key],
  ["api-secret", secret],
  ["ann", "a-token"],
]);
const livekit = { url: "ws://127.0.0.1:1", apiKeyRef: { name: "livekit" } };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const accept: Take = (_request, response) => json(response, 200, { status: "pending", task_id: "t1" });

async function setup(pool = testPool({ livekit })) {
  const stopped: string[] = [];
  const tasks: Take = (request, response) => {
    const stop = /^\/tasks\/(\w+)\/stop$/.exec(request.url ?? "")?.[1];
    if (stop !== undefined) stopped.push(stop);
    const state = stopped.includes("t1") ? "cancelled" : "running";
    json(response, 200, request.url === "/tasks" ? { tasks: [{ task_id: "t1", room_name: "room 1/ä", state }] } : { state });
  };
  const gateway = await liveGateway([accept], pool, { readSecret: async () => secrets, tasks });
  cleanups.push(gateway.close);
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${gateway.origin}/avatars/support/${path}`, init);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const launch = () =>
    gateway.post(new URLSearchParams({ livekit_url: "ws://x", livekit_token: "t", room_name: "room 1/ä", avatar_id: "maya" }));
  return { ...gateway, call, launch, stopped };
}

const room = `sessions/${encodeURIComponent("room 1/ä")}`;
const session = { room: "room 1/ä", state: "running", task_id: "t1", worker: "w0", group: "gpu" };

describe("sessions over HTTP", () => {
  it("are listed, shown by room, and ended", async () => {
    const { call, launch, stopped, lines } = await setup();
    expect((await launch()).status).toBe(200);
    const { status, body } = await call("sessions");
    expect([status, body]).toMatchObject([200, { sessions: [{ ...session, preset: "maya" }], complete: true }]);
    expect(await call(room)).toMatchObject({ status: 200, body: { sessions: [session] } });
    expect(await call(room, { method: "DELETE" })).toMatchObject({ status: 200, body: { sessions: [{ state: "cancelled" }] } });
    expect(stopped).toEqual(["t1"]);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "sessions ended on request", room: "room 1/ä", ended: 1 }));
    expect(await call(room)).toMatchObject({ status: 200, body: { sessions: [{ state: "cancelled" }] } });
    expect(await call(room, { method: "DELETE" })).toMatchObject({ status: 404, body: { error: { code: "session_not_found" } } });
  });

  it("of a room with a slash are found behind a proxy that decodes paths", async () => {
    const { call } = await setup();
    expect(await call("sessions/room%201/%C3%A4")).toMatchObject({ status: 200, body: { sessions: [session] } });
  });

  it("of another gateway are found at the worker", async () => {
    const { call } = await setup();
    expect(await call(room)).toMatchObject({ status: 200, body: { sessions: [session] } });
  });

  it("respond 404 to an unknown room or pool", async () => {
    const { call, origin } = await setup();
    expect(await call("sessions/nowhere")).toMatchObject({ status: 404, body: { error: { code: "session_not_found" } } });
    expect((await fetch(`${origin}/avatars/other/sessions`)).status).toBe(404);
  });

  it("require a launch token, and do not count against its rate", async () => {
    const auth = { secretRef: { name: "clients" }, launchesPerMinute: 1 };
    const { call } = await setup(testPool({ launch: { auth } }));
    const headers = { authorization: "Bearer a-token" };
    for (const path of ["sessions", room]) {
      expect((await call(path)).status).toBe(401);
      expect((await call(path, { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
      for (let times = 0; times < 3; times += 1) expect((await call(path, { headers })).status).toBe(200);
    }
    expect((await call(room, { method: "DELETE" })).status).toBe(401);
  });
});

describe("LiveKit's webhook", () => {
  const event = JSON.stringify({ event: "room_finished", room: { name: "room 1/ä" }, id: "e1", createdAt: "1" });
  const signed = async (body: string, by = secret) => {
    const token = new AccessToken(key, by, { ttl: "1m" });
    token.sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(body))).toString("base64");
    return { method: "POST", body, headers: { "content-type": "application/webhook+json", authorization: await token.toJwt() } };
  };

  it("is accepted only with a signature of the pool's key", async () => {
    const { call } = await setup();
    const right = await signed(event);
    expect((await call("livekit-webhook", right)).status).toBe(200);
    expect((await call("livekit-webhook", await signed(event, "another-secret-of-more-than-thirty-two"))).status).toBe(401);
    expect((await call("livekit-webhook", { ...right, body: event.replace("room_finished", "participant_left") })).status).toBe(
      401,
    );
    expect((await call("livekit-webhook", { method: "POST", body: event })).status).toBe(401);
  });

  it("is rejected if the pool names no LiveKit server or the body is too large", async () => {
    const { call } = await setup(testPool());
    expect((await call("livekit-webhook", await signed(event))).status).toBe(404);
    const large = `{"event":"${"x".repeat(300_000)}"}`;
    const { status, body } = await (await setup()).call("livekit-webhook", await signed(large));
    expect([status, body]).toMatchObject([413, { error: { code: "too_large" } }]);
  });
});
