import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { json, type LiveGatewayOptions, liveGateway } from "../../test/support/gateway/live.ts";
import { testPool } from "../../test/support/gateway/pool.ts";
import { DenialLog } from "./denial-log.ts";
import { createLogger } from "./logger.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

function setup() {
  const clock = new FakeClock();
  const lines: Record<string, unknown>[] = [];
  const log = new DenialLog({ clock, logger: createLogger("test", "info", { write: (line) => lines.push(JSON.parse(line)) }) });
  const note = () =>
    log.note({ ip: "::ffff:10.0.0.9", url: "/a/b/launch?x=1", raw: { socket: { remoteAddress: "10.0.0.9" } } }, "no");
  return { clock, lines, note };
}

it("logs ten denials in 10 s, then the number of further ones", async () => {
  const { clock, lines, note } = setup();
  for (let count = 0; count < 2_000; count += 1) note();
  expect(lines).toHaveLength(10);
  expect(lines[0]).toMatchObject({ address: "10.0.0.9", path: "/a/b/launch", reason: "no", msg: "request without a valid token" });
  expect(lines[0]).not.toHaveProperty("proxy");
  await clock.advance(10_000);
  expect(lines.at(-1)).toMatchObject({ suppressed: 1_990, seconds: 10 });
  note();
  await clock.advance(10_000);
  expect([lines.length, clock.pending]).toEqual([12, 0]);
});

async function guess(options: LiveGatewayOptions, forwarded: string) {
  const pool = testPool({ launch: { auth: { secretRef: { name: "tokens" } } } });
  const take = (_request: unknown, response: Parameters<typeof json>[0]) => json(response, 200, {});
  const gateway = await liveGateway([take], pool, { readSecret: async () => new Map([["ann", "a-token"]]), ...options });
  cleanups.push(gateway.close);
  const headers = { authorization: "Bearer guessed-token", "x-forwarded-for": forwarded };
  expect((await gateway.post(new URLSearchParams({ room_name: "r" }), { headers })).status).toBe(401);
  expect((await fetch(`${gateway.origin}/avatars/support/sessions`, { headers })).status).toBe(401);
  expect(JSON.stringify(gateway.lines)).not.toContain("guessed-token");
  return gateway.lines;
}

it("logs the sender's address for a wrong token, without the token or a forwarded address", async () => {
  expect(await guess({}, "203.0.113.7")).toMatchObject([
    { address: "127.0.0.1", path: "/avatars/support/launch", level: "warn" },
    { address: "127.0.0.1", path: "/avatars/support/sessions" },
  ]);
});

it("logs the address from a trusted proxy, and not the client's own entry", async () => {
  const lines = await guess({ trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] }, "198.51.100.1, 203.0.113.7, 10.1.1.1");
  expect(lines).toMatchObject([
    { address: "203.0.113.7", proxy: "127.0.0.1" },
    { address: "203.0.113.7", proxy: "127.0.0.1" },
  ]);
});
