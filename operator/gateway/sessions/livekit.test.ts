import { AccessToken } from "livekit-server-sdk";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { SecretLookup } from "../../kube/secret-lookup.ts";
import { Livekit } from "./livekit.ts";

const pool = testPool({ livekit: { url: "ws://127.0.0.1:1", apiKeyRef: { name: "livekit" } } });
const body = JSON.stringify({ event: "room_finished", room: { name: "r" } });
const secretOf = (name: string) => `${name}-secret-of-more-than-thirty-two-characters`;

async function signedBy(name: string): Promise<string> {
  const token = new AccessToken(name, secretOf(name), { ttl: "1m" });
  token.sha256 = Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(body))).toString("base64");
  return token.toJwt();
}

/** A Secret with this key. If undefined, the API server is unreachable. */
function world(initial: string | undefined) {
  const clock = new FakeClock();
  const stored = { key: initial, reads: 0 };
  const read = async () => {
    stored.reads += 1;
    if (stored.key === undefined) throw new Error("the API server is away");
    return new Map(Object.entries({ "api-key": stored.key, "api-secret": secretOf(stored.key) }));
  };
  const livekit = new Livekit(new SecretLookup({ read, clock }));
  const takes = async (name: string) =>
    livekit.webhook(pool, body, await signedBy(name)).then(
      ({ event }) => event,
      (error: { readonly code?: string }) => error.code,
    );
  return { clock, stored, takes };
}

describe("a pool's LiveKit key", () => {
  it("is read once for many webhooks, and again after 30 s", async () => {
    const { clock, stored, takes } = world("old");
    for (let times = 0; times < 3; times += 1) expect(await takes("old")).toBe("room_finished");
    expect(stored.reads).toBe(1);
    stored.key = "new";
    expect(await takes("new")).toBe("unauthorized");
    await clock.advance(30_000);
    expect([await takes("new"), await takes("old")]).toEqual(["room_finished", "unauthorized"]);
  });

  it("stays valid while the API server is unreachable", async () => {
    const { clock, stored, takes } = world("old");
    expect(await takes("old")).toBe("room_finished");
    stored.key = undefined;
    await clock.advance(60_000);
    expect(await takes("old")).toBe("room_finished");
  });

  it("that was never readable rejects webhooks, and is read again soon, but not for every webhook", async () => {
    const { clock, stored, takes } = world(undefined);
    for (let times = 0; times < 3; times += 1) expect(await takes("old")).toBe("auth_unavailable");
    expect(stored.reads).toBe(1);
    stored.key = "old";
    await clock.advance(5_000);
    expect(await takes("old")).toBe("room_finished");
  });
});
