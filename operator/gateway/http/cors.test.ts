import { afterEach, describe, expect, it } from "vitest";
import { json, liveGateway } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const page = "https://app.example.com";
const fields = { livekit_url: "wss://lk.example.com", livekit_token: "jwt", room_name: "room-1", avatar_id: "maya" };

async function setup(allowedOrigins?: string[]) {
  const auth = { secretRef: { name: "tokens" } };
  const pool = testPool({ launch: { queue: { length: 5, deadline: "0s" }, auth, ...(allowedOrigins && { allowedOrigins }) } });
  const gateway = await liveGateway([(_request, response) => json(response, 200, { status: "pending", task_id: "t1" })], pool, {
    readSecret: async () => new Map([["web", "a-token"]]),
    defaultPool: "avatars/support",
  });
  cleanups.push(gateway.close);
  const call = async (method: string, path: string, headers: Record<string, string>) => {
    const body = method === "POST" ? { body: new URLSearchParams(fields) } : {};
    const response = await fetch(`${gateway.origin}${path}`, { method, headers, ...body });
    const cors = [...response.headers].filter(([name]) => name.startsWith("access-control-") || name === "vary");
    return { status: response.status, cors: Object.fromEntries(cors), text: await response.text() };
  };
  const preflight = (path: string, origin: string, method = "POST") =>
    call("OPTIONS", path, { origin, "access-control-request-method": method, "access-control-request-headers": "authorization" });
  return { call, preflight };
}

const exposed = { "access-control-expose-headers": "retry-after, x-avatarpool-worker, x-avatarpool-path" };
const allowing = (origin: string) => ({
  ...exposed,
  vary: "Origin",
  "access-control-allow-origin": origin,
  "access-control-allow-methods": "GET, POST, DELETE",
  "access-control-allow-headers": "authorization, content-type, api-secret, traceparent, tracestate",
  "access-control-max-age": "600",
});
const paths = [
  "/avatars/support/launch",
  "/avatars/support/launch/",
  "/avatars/support/sessions",
  "/avatars/support/sessions/r",
  "/launch",
];

describe("browsers", () => {
  it.each(paths)("may launch and list sessions from an allowed page, at %s", async (path) => {
    const { preflight } = await setup(["http://localhost:3000", page]);
    expect(await preflight(path, page)).toEqual({ status: 204, text: "", cors: allowing(page) });
  });

  it("may read a response, also an error", async () => {
    const { call } = await setup([page]);
    const readable = { ...exposed, vary: "Origin", "access-control-allow-origin": page };
    const token = { authorization: "Bearer a-token" };
    expect(await call("POST", "/avatars/support/launch", { origin: page, ...token })).toMatchObject({
      status: 200,
      cors: readable,
    });
    expect(await call("POST", "/launch", { origin: page })).toMatchObject({ status: 401, cors: readable });
    expect(await call("GET", "/avatars/support/sessions", { origin: page, ...token })).toMatchObject({
      status: 200,
      cors: readable,
    });
  });

  it("may launch from any page with *, and never with credentials", async () => {
    const { preflight } = await setup(["*"]);
    expect((await preflight("/avatars/support/launch", "null")).cors).toEqual(allowing("*"));
  });

  it.each([
    ["another host", "https://evil.example.com"],
    ["another scheme", "http://app.example.com"],
    ["another port", "https://app.example.com:8443"],
    ["a longer name", "https://app.example.com.evil.com"],
    ["no origin", "null"],
  ])("may not launch from a page with %s", async (_what, origin) => {
    const { call, preflight } = await setup([page]);
    const refused = await preflight("/avatars/support/launch", origin);
    expect([refused.status, refused.cors]).toEqual([403, { vary: "Origin" }]);
    expect(refused.text).toContain(`does not allow pages of ${origin}: add this origin to launch.allowedOrigins`);
    expect((await call("POST", "/avatars/support/launch", { origin })).cors).toEqual({ vary: "Origin" });
  });

  it("may not launch by default, and other clients get no CORS header", async () => {
    const { call, preflight } = await setup();
    expect(await preflight("/avatars/support/launch", page)).toMatchObject({ status: 403, cors: { vary: "Origin" } });
    expect(await preflight("/avatars/nobody/launch", page)).toMatchObject({ status: 404, cors: {} });
    expect(await call("OPTIONS", "/avatars/support/launch", {})).toMatchObject({ status: 405, cors: {} });
    expect((await call("POST", "/avatars/support/launch", { authorization: "Bearer a-token" })).cors).toEqual({});
  });
});
