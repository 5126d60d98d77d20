import { randomUUID } from "node:crypto";
import { AccessToken } from "livekit-server-sdk";
import { sessionsSchema } from "../gateway/http/session-schemas.ts";
import type { CheckLaunchSettings } from "../settings.ts";

/** Shorter than Helm's timeout of 5m, and longer than the start of a cold worker. */
const LIMIT_MS = 240_000;

/**
 * `avatarpool check-launch`: launches into a new room, checks that the session runs, and ends it. It prints one line per step.
 * @throws Error that names the failed step and quotes the gateway.
 */
export async function checkLaunch(settings: CheckLaunchSettings, print: (line: string) => void): Promise<void> {
  const { url, pool, preset, token, livekitUrl } = settings;
  if (pool === undefined) return print("skipped: no pool is named; set tests.pool or gateway.defaultPool in the chart's values");
  const room = `avatarpool-check-${randomUUID()}`;
  const form = new URLSearchParams({ livekit_token: await roomToken(settings, room), room_name: room });
  form.set("livekit_url", livekitUrl ?? "");
  // The gateway responds once the session runs.
  form.set("async_mode", "false");
  if (preset !== undefined) form.set("avatar_id", preset);

  const base = `${url.replace(/\/+$/, "")}/${pool}`;
  const session = `${base}/sessions/${room}`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const signal = AbortSignal.timeout(LIMIT_MS);
  const startMs = performance.now();
  try {
    const launched = await request("the launch", `${base}/launch`, { method: "POST", body: form, headers, signal });
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    print(`launched on pool ${pool} in ${seconds} s (${launched.headers.get("x-avatarpool-path")})`);
    const found = await request("the list of sessions", session, { headers, signal });
    const [first] = sessionsSchema.parse(await found.json()).sessions;
    if (first?.state !== "running") throw new Error(`the session is ${first?.state ?? "absent"}, expected running`);
    print(`the session runs on worker ${first.worker}`);
  } catch (error) {
    // A launch without a response may have begun a session.
    await request("the end of the session", session, { method: "DELETE", headers }).catch(() => undefined);
    throw error;
  }
  await request("the end of the session", session, { method: "DELETE", headers, signal });
  print("the session has ended");
}

async function roomToken({ livekitUrl, livekitKey, livekitSecret }: CheckLaunchSettings, room: string): Promise<string> {
  if (!livekitUrl || !livekitKey || !livekitSecret)
    throw new Error(
      "LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET are required: put them into a Secret, and name it in tests.secretName",
    );
  const token = new AccessToken(livekitKey, livekitSecret, { identity: "avatarpool-check", ttl: "10m" });
  token.addGrant({ roomJoin: true, room, canPublish: true, canSubscribe: true });
  return token.toJwt();
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
