import fastify from "fastify";
import { afterEach, describe, expect, it } from "vitest";
import { json, liveGateway, type Take } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { consolePath, type GatewayLaunched, type GatewaySessions } from "../../api/console-gateway.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createLogger } from "../../telemetry/logger.ts";
import type { Access } from "../load/load-auth.ts";
import { serveConsole } from "./console-routes.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const pool = { namespace: "avatars", pool: "support" };
const accept: Take = (_request, response) => json(response, 200, { status: "pending", task_id: "t1" });
const form = { livekit_url: "wss://lk.example.com", livekit_token: "top-secret", room_name: "room 1", avatar_id: "maya" };

async function setup(takes: readonly Take[] = [accept], access: Access = "granted") {
  const stopped: string[] = [];
  const tasks: Take = (request, response) => {
    const stop = /^\/tasks\/(\w+)\/stop$/.exec(request.url ?? "")?.[1];
    if (stop !== undefined) stopped.push(stop);
    const state = stopped.length > 0 ? "cancelled" : "running";
    json(response, 200, request.url === "/tasks" ? { tasks: [{ task_id: "t1", room_name: "room 1", state }] } : { state });
  };
  // A pool whose clients need a token: the console's launches need none.
  const auth = { secretRef: { name: "clients" } };
  const locked = testPool({ launch: { auth, queue: { length: 5, deadline: "0s" } } });
  const gateway = await liveGateway(takes, locked, { tasks });
  cleanups.push(gateway.close);
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger("test", "info", { write: (line) => lines.push(JSON.parse(line)) });
  const server = fastify();
  const { core, metrics } = gateway;
  let order = 0;
  serveConsole(server, {
    ...{ clock: systemClock, logger, metrics, sessions: core.sessions, denials: { note: () => {} } },
    access: async () => access,
    findPool: (key) => (key === "avatars/support" ? locked : undefined),
    launch: (...launch) => core.launch(...launch),
    nextOrder: () => ++order,
  });
  const origin = await server.listen({ host: "127.0.0.1", port: 0 });
  cleanups.push(() => server.close());
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${origin}${path}`, init);
    return { status: response.status, body: await response.json() };
  };
  const launch = async (fields: object = form) => {
    const headers = { "content-type": "application/json" };
    const { body } = await call(consolePath("launch", pool), { method: "POST", headers, body: JSON.stringify(fields) });
    return body as GatewayLaunched;
  };
  return { call, launch, lines, stopped, metrics, received: gateway.received };
}

describe("the routes for the console", () => {
  it("serve a launch like any other, and return its stages once the session runs", async () => {
    const { launch, received, metrics, lines } = await setup();
    const { status, path, stages } = await launch();
    expect([status, path, stages.map(({ name }) => name)]).toEqual([200, "warm", ["queue", "pick", "forward", "worker"]]);
    expect(received).toHaveLength(1);
    const { values } = await metrics.launches.get();
    expect(values).toMatchObject([{ labels: { pool: "support", outcome: "served" }, value: 1 }]);
    expect(lines).toContainEqual(expect.objectContaining({ msg: "launch", client: "console", room: "room 1", preset: "maya" }));
    expect(JSON.stringify(lines)).not.toContain("top-secret");
  });

  it("return the error of a rejected launch, and how long it took", async () => {
    const { launch } = await setup([]);
    expect(await launch()).toMatchObject({
      status: 503,
      message: expect.stringMatching(/slot/),
      stages: [{ name: "queue" }, {}, {}],
    });
    expect(await launch({ ...form, avatar_id: "nobody" })).toMatchObject({
      status: 404,
      message: expect.stringContaining("send one of maya, leo"),
    });
  });

  it("list the sessions of a pool with their stages, and end those of a room", async () => {
    const { call, launch, stopped } = await setup();
    await launch();
    const { sessions, complete } = (await call(consolePath("sessions", pool))).body as GatewaySessions;
    expect([complete, sessions]).toMatchObject([
      true,
      [{ room: "room 1", state: "running", worker: "w0", group: "gpu", preset: "maya", stages: [{ name: "queue" }, {}, {}, {}] }],
    ]);
    const room = consolePath("room", { ...pool, room: "room 1" });
    expect(await call(room, { method: "DELETE" })).toEqual({ status: 200, body: { ended: 1 } });
    expect(stopped).toEqual(["t1"]);
    expect(await call(room, { method: "DELETE" })).toMatchObject({ status: 404, body: { error: { code: "session_not_found" } } });
  });

  it("are for the operator only", async () => {
    const { call } = await setup([accept], "denied");
    const room = { ...pool, room: "room 1" };
    expect((await call(consolePath("sessions", pool))).status).toBe(401);
    expect((await call(consolePath("room", room), { method: "DELETE" })).status).toBe(401);
    expect((await call(consolePath("launch", pool), { method: "POST" })).status).toBe(401);
  });

  it("respond 404 to an unknown pool", async () => {
    const { call } = await setup();
    expect(await call(consolePath("sessions", { ...pool, pool: "other" }))).toMatchObject({
      status: 404,
      body: { error: { code: "pool_not_found" } },
    });
  });
});
