import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { GatewayClient } from "./gateway-client.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const respond =
  (status: number, body: unknown): Answer =>
  (_request, response) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const session = (worker: string, more: object = {}) => ({
  room: "r",
  state: "running",
  task_id: "t",
  worker,
  group: "gpu",
  ...more,
});
const older = respond(404, { statusCode: 404, error: "Not Found", message: "Route GET:/console not found" });
/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:1";

async function gateway(answer: Answer) {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function clientOf(answers: readonly (Answer | undefined)[]) {
  const addresses = await Promise.all(answers.map((answer) => (answer === undefined ? NOWHERE : gateway(answer))));
  const folder = await mkdtemp(path.join(tmpdir(), "console-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const tokenFile = path.join(folder, "token");
  await writeFile(tokenFile, "a-token\n");
  const client = new GatewayClient({ addresses: () => addresses, tokenFile, clock: systemClock });
  cleanups.push(() => client.close());
  return client;
}

const launch = { livekit_url: "wss://x", livekit_token: "room-token-1234", room_name: "r" };
const never = new AbortController().signal;

describe("GatewayClient", () => {
  it("merges the sessions of all gateways: only the gateway that served a launch has its preset and stages", async () => {
    const stages = [{ name: "queue", ms: 0 }];
    const client = await clientOf([
      respond(200, {
        sessions: [session("a"), session("b", { preset: "leo", launched_at: "2026-01-01T00:00:00Z" })],
        complete: true,
      }),
      respond(200, { sessions: [session("a", { preset: "maya", stages }), session("b")], complete: true }),
    ]);
    expect(await client.sessions("avatars", "support")).toEqual({
      complete: true,
      sessions: [
        { room: "r", state: "running", worker: "a", group: "gpu", preset: "maya", stages },
        { room: "r", state: "running", worker: "b", group: "gpu", preset: "leo", launchedAtMs: Date.UTC(2026, 0, 1) },
      ],
    });
  });

  it("reports an incomplete list if a gateway did not answer", async () => {
    const client = await clientOf([undefined, respond(200, { sessions: [session("a")], complete: true })]);
    expect(await client.sessions("avatars", "support")).toMatchObject({ complete: false, sessions: [{ worker: "a" }] });
  });

  it("authenticates, and encodes the names in a path", async () => {
    const seen: string[] = [];
    const client = await clientOf([
      (request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
        respond(200, { ended: 2 })(request, response);
      },
    ]);
    expect(await client.stopSessions("avatars", "support", "room 1/ä")).toBe(2);
    expect(seen).toEqual(["DELETE /console/avatars/support/sessions/room%201%2F%C3%A4 Bearer a-token"]);
  });

  it("ends no session if the room has none, and repeats the gateway's words if a worker does not end one", async () => {
    const error = (code: string, message: string) => ({ error: { code, message } });
    const none = await clientOf([respond(404, error("session_not_found", "no session"))]);
    expect(await none.stopSessions("avatars", "support", "r")).toBe(0);
    const stuck = await clientOf([respond(502, error("session_not_ended", "worker a did not end the session: retry"))]);
    await expect(stuck.stopSessions("avatars", "support", "r")).rejects.toThrow("worker a did not end the session: retry");
  });

  it("launches at the next gateway if one cannot be reached, and never twice", async () => {
    let launched = 0;
    const count: Answer = (request, response) => {
      launched += 1;
      respond(200, { status: 200, path: "warm", stages: [] })(request, response);
    };
    const client = await clientOf([undefined, count, count]);
    expect(await client.launch("avatars", "support", launch, never)).toEqual({ status: 200, room: "r", path: "warm", stages: [] });
    expect(launched).toBe(1);
    const broken = await clientOf([(_request, response) => response.destroy(), count]);
    await expect(broken.launch("avatars", "support", launch, never)).rejects.toThrow(
      /does not respond: .*; check its pod, or retry/,
    );
    expect(launched).toBe(1);
  });

  it("shows no token in the error of a launch", async () => {
    const client = await clientOf([respond(200, { status: 400, stages: [], message: `bad token ${launch.livekit_token}` })]);
    expect((await client.launch("avatars", "support", launch, never)).message).toBe("bad token [hidden]");
  });

  it("explains what to do about older gateways, and without gateways", async () => {
    await expect((await clientOf([older])).sessions("avatars", "support")).rejects.toThrow(
      /is of an older version, which serves no console: update the gateways/,
    );
    await expect((await clientOf([])).sessions("avatars", "support")).rejects.toThrow("no gateway runs: check");
    await expect((await clientOf([undefined])).sessions("avatars", "support")).rejects.toThrow(/does not respond: .*ECONNREFUSED/);
  });
});
