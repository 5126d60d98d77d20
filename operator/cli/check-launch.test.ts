import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { TokenVerifier } from "livekit-server-sdk";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkLaunchSettings } from "../settings.ts";
import { checkLaunch } from "./check-launch.ts";

interface Seen {
  readonly request: string;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

interface World {
  readonly launch?: number;
  readonly end?: number;
  /** States of the session, poll by poll. The last one stays. */
  readonly states?: readonly string[];
  /** The participants of the room. */
  readonly participants?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the command against a server that is the gateway and LiveKit. */
async function check({ launch = 200, end = 200, states = ["running"], participants = [], env = {} }: World = {}) {
  const left = [...states];
  const seen: Seen[] = [];
  const gateway = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    if (url.startsWith("/twirp/")) {
      const body = { participants: participants.map((identity) => ({ identity })) };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      return;
    }
    const state = (method === "GET" && left.length > 1 ? left.shift() : left[0]) ?? "";
    const form = new URLSearchParams(await text(request));
    // Each run has its own room.
    const shown = `${method} ${url.replace(/avatarpool-check-[-0-9a-f]{36}$/, "ROOM")}`;
    seen.push({ request: shown, authorization: headers.authorization, form });
    const status = { POST: launch, GET: 200, DELETE: end }[method] ?? 500;
    const session = { room: "r", state, task_id: "t", worker: "support-gpu-1", group: "gpu" };
    const body =
      status === 200
        ? { sessions: [session], complete: true }
        : { error: { code: "deadline_exceeded", message: "no slot became free" } };
    response.writeHead(status, { "x-avatarpool-path": "warm" }).end(JSON.stringify(body));
  }
  await new Promise<void>((listening) => gateway.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void gateway.close());
  const host = `127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const lines: string[] = [];
  const settings = checkLaunchSettings({
    AVATARPOOL_URL: `http://${host}/`,
    AVATARPOOL_POOL: "avatars/support",
    LIVEKIT_URL: `ws://${host}`,
    LIVEKIT_API_KEY: "key",
    LIVEKIT_API_SECRET: "secret-of-livekit",
    ...env,
  });
  const print = (line: string): void => void lines.push(line);
  const failure = await checkLaunch(settings, print, async () => {}).catch((error: Error) => error.message);
  return { seen, lines, failure };
}

const ROOM = "/avatars/support/sessions/ROOM";

describe("check-launch", () => {
  it("launches into a room of its own, finds the running session, and ends it", async () => {
    const { seen, lines, failure } = await check({ env: { AVATARPOOL_TOKEN: "token", AVATARPOOL_PRESET: "maya" } });
    expect(failure).toBeUndefined();
    expect(seen.map(({ request }) => request)).toEqual(["POST /avatars/support/launch", `GET ${ROOM}`, `DELETE ${ROOM}`]);
    expect(new Set(seen.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer token"]));
    const { livekit_token: roomToken = "", room_name: room, ...form } = Object.fromEntries(seen[0]?.form ?? []);
    expect(form).toEqual({ livekit_url: expect.stringMatching(/^ws:/), avatar_id: "maya" });
    const { video } = await new TokenVerifier("key", "secret-of-livekit").verify(roomToken);
    expect(video).toMatchObject({ room, roomJoin: true, canPublish: true });
    expect(lines[0]).toMatch(/^launched on pool avatars\/support in \d+\.\d s \(warm\)$/);
    expect(lines.slice(1)).toEqual(["the session runs on worker support-gpu-1", "the session has ended"]);
  });

  it("is skipped without a pool, and states what to set", async () => {
    const lines: string[] = [];
    await checkLaunch(checkLaunchSettings({ AVATARPOOL_URL: "http://gateway.test" }), (line) => lines.push(line));
    expect(lines).toEqual([expect.stringMatching(/^skipped: no pool is named; set tests\.pool/)]);
  });

  it("fails without a key of LiveKit, before it launches", async () => {
    const { seen, failure } = await check({ env: { LIVEKIT_API_KEY: "" } });
    expect(failure).toMatch(/^LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are required/);
    expect(seen).toEqual([]);
  });

  it("quotes the gateway if the launch fails, and ends a session that may have begun", async () => {
    const { seen, failure } = await check({ launch: 503, end: 404 });
    expect(failure).toBe("the launch failed with status 503: no slot became free");
    expect(seen.map(({ request }) => request)).toEqual(["POST /avatars/support/launch", `DELETE ${ROOM}`]);
  });

  it("waits for a pending session until it runs, or until its avatar is in the room", async () => {
    const started = await check({ states: ["pending", "pending", "running"] });
    expect([started.failure, started.lines[1]]).toEqual([undefined, "the session runs on worker support-gpu-1"]);
    const joined = await check({ states: ["pending"], participants: ["avatarpool-check"] });
    expect([joined.failure, joined.lines[1]]).toEqual([undefined, "the avatar of worker support-gpu-1 is in the room"]);
    const absent = await check({ states: ["pending"], participants: ["another"] });
    expect(absent.failure).toMatch(/^worker support-gpu-1 has not joined the room within 60 s/);
    expect(absent.seen.at(-1)?.request).toBe(`DELETE ${ROOM}`);
  });

  it("fails if the session fails, or does not end", async () => {
    expect((await check({ states: ["failed"] })).failure).toBe("the session is failed, expected running");
    expect((await check({ end: 502 })).failure).toMatch(/^the end of the sessions in room \S+ failed with status 502/);
  });
});
