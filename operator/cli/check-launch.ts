import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AccessToken, RoomServiceClient } from "livekit-server-sdk";
import { sessionsSchema } from "../gateway/http/session-schemas.ts";
import type { CheckLaunchSettings } from "../settings.ts";

/** Shorter than Helm's timeout of 5m, and longer than the start of a cold worker. */
const LIMIT_MS = 240_000;
const POLL_MS = 500;
/** The first 60 s of a session. */
const MAX_POLLS = 120;
const IDENTITY = "avatarpool-check";

type Livekit = Readonly<Record<"url" | "key" | "secret", string>>;

/**
 * `avatarpool check-launch`: launches into a new room, waits until the session runs or its avatar is in the room, and ends it.
 * It prints one line per step.
 * @throws Error that names the failed step and quotes the gateway.
 */
export async function checkLaunch(
  settings: CheckLaunchSettings,
  print: (line: string) => void,
  pause = () => sleep<unknown>(POLL_MS),
): Promise<void> {
  const { url, pool, preset, token } = settings;
  if (pool === undefined) return print("skipped: no pool is named; set tests.pool or gateway.defaultPool in the chart's values");
  const livekit = livekitOf(settings);
  const room = `avatarpool-check-${randomUUID()}`;
  const form = new URLSearchParams({ livekit_url: livekit.url, livekit_token: await roomToken(livekit, room), room_name: room });
  if (preset !== undefined) form.set("avatar_id", preset);

  const base = `${url.replace(/\/+$/, "")}/${pool}`;
  const session = `${base}/sessions/${room}`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const end = (signal?: AbortSignal) =>
    request("the end of the session", session, { method: "DELETE", headers, ...(signal && { signal }) });
  const startMs = performance.now();
  try {
    const launched = await request("the launch", `${base}/launch`, { method: "POST", body: form, headers, signal });
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    print(`launched on pool ${pool} in ${seconds} s (${launched.headers.get("x-avatarpool-path")})`);
    for (let polls = 0; ; polls += 1) {
      const found = await request("the list of sessions", session, { headers, signal });
      const { state = "absent", worker = "" } = sessionsSchema.parse(await found.json()).sessions[0] ?? {};
      const reached = await reachedBy(state, worker, () => hasAvatar(livekit, room));
      if (reached !== undefined) {
        print(reached);
        break;
      }
      if (polls === MAX_POLLS)
        throw new Error(`worker ${worker} has not joined the room within 60 s: check LIVEKIT_URL and the key`);
      await pause();
    }
  } catch (error) {
    // A launch without a response may have begun a session.
    await end().catch(() => undefined);
    throw error;
  }
  await end(signal);
  print("the session has ended");
}

/** What a session has reached; undefined while it starts. @throws Error if it cannot run any more. */
async function reachedBy(state: string, worker: string, isInRoom: () => Promise<boolean>): Promise<string | undefined> {
  if (state === "running") return `the session runs on worker ${worker}`;
  if (state !== "pending") throw new Error(`the session is ${state}, expected running`);
  // A CPU worker starts to render once an agent and a viewer are in the room, and this room has neither.
  return (await isInRoom()) ? `the avatar of worker ${worker} is in the room` : undefined;
}

function livekitOf({ livekitUrl: url, livekitKey: key, livekitSecret: secret }: CheckLaunchSettings): Livekit {
  if (url && key && secret) return { url, key, secret };
  throw new Error(
    "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are required: put them into a Secret, and name it in tests.secretName",
  );
}

async function roomToken({ key, secret }: Livekit, room: string): Promise<string> {
  const token = new AccessToken(key, secret, { identity: IDENTITY, ttl: "10m" });
  token.addGrant({ roomJoin: true, room, canPublish: true, canSubscribe: true });
  return token.toJwt();
}

async function hasAvatar({ url, key, secret }: Livekit, room: string): Promise<boolean> {
  const client = new RoomServiceClient(url.replace(/^ws/, "http"), key, secret, { requestTimeout: 5, failover: false });
  // LiveKit has no room before its first participant.
  const participants = await client.listParticipants(room).catch(() => []);
  return participants.some(({ identity }) => identity === IDENTITY);
}

/** @throws Error if the gateway does not respond, or responds with an error. */
async function request(what: string, url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init).catch((error: unknown) => {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`${what} failed: no response from ${url}: ${reason}`);
  });
  if (!response.ok) throw new Error(`${what} failed with status ${response.status}: ${await response.text()}`);
  return response;
}
