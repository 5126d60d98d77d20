import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PoolConfig } from "../../operator/api/pool-config.ts";
import { engines, type LaunchRequest } from "../../operator/engines/index.ts";
import { ClientLimits } from "../../operator/gateway/admission/client-limits.ts";
import { ClientTokens } from "../../operator/gateway/admission/client-tokens.ts";
import { Gate } from "../../operator/gateway/admission/gate.ts";
import { BodyRooms } from "../../operator/gateway/form/body-rooms.ts";
import { launchServer } from "../../operator/gateway/http/launch-server.ts";
import { launchBodies } from "../../operator/gateway/launch/launch-body.ts";
import type { Arrival } from "../../operator/gateway/launch/launch-context.ts";
import { systemClock } from "../../operator/runtime/clock.ts";
import { gatewayMetrics } from "../../operator/telemetry/gateway-metrics.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";
import { createRegistry } from "../../operator/telemetry/metrics.ts";
import { testPool } from "../support/gateway/pool.ts";
import { SECRETS, TOKEN, type Traffic, traffic } from "./requests.ts";

/** Concurrent requests of one run, each on its own connection. */
const AT_ONCE = 100;
const RUNS = Number(process.env.FUZZ_RUNS ?? 200);
const SEED = Number(process.env.SEED ?? Date.now() & 0x7fff_ffff);
/** Limit for a connection. No request here has to wait. */
const HANG_MS = 10_000;
/** The client disconnects after this time without a response, because its request may be incomplete. */
const PATIENCE_MS = 30;

const open = testPool();
const locked = testPool({ launch: { auth: { secretRef: { name: "tokens" }, launchesAtOnce: 50 } } }, { name: "locked" });
const lines: string[] = [];
const rooms = new BodyRooms(1024 * 1024);
const limits = new ClientLimits(systemClock);
let launched = 0;

async function launch(pool: PoolConfig, request: LaunchRequest, arrival: Arrival) {
  const { chunks, headers } = launchBodies(pool, request, arrival.traceContext)(engines.expression, "gpu");
  // The headers for workers must be valid.
  for (const [name, value] of Object.entries(headers ?? {})) new Headers().set(name, value);
  launched += chunks.length > 0 ? 1 : 0;
  arrival.trace.worker = "w0";
  return { status: 200, contentType: "application/json", body: '{"status":"pending","task_id":"t1"}' };
}

let arrived = 0;
const server = launchServer({
  nextOrder: () => ++arrived,
  clock: systemClock,
  logger: createLogger("fuzz", "info", { write: (line) => void lines.push(line) }),
  metrics: gatewayMetrics(createRegistry({ process: false })),
  findPool: (key) => ({ "avatars/support": open, "avatars/locked": locked })[key],
  defaultPool: "avatars/support",
  launch,
  gate: new Gate(new ClientTokens({ read: async () => new Map([["ann", TOKEN]]), clock: systemClock }), limits),
  read: { clock: systemClock, timeoutMs: 60_000 },
  rooms,
  notReady: () => undefined,
  denials: { note: () => {} },
});
let port = 0;

beforeAll(async () => {
  port = Number(new URL(await server.listen({ host: "127.0.0.1", port: 0 })).port);
});
afterAll(() => server.close());

/** Sends the bytes and reads until the gateway closes the connection. @returns the statuses of the responses. */
function send({ bytes, cuts, end }: Traffic): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const hangs = setTimeout(() => {
      socket.destroy();
      reject(new Error(`connection still open after ${HANG_MS} ms: ${JSON.stringify(bytes.toString("latin1"))}`));
    }, HANG_MS);
    const leave = setTimeout(() => socket.end(), PATIENCE_MS);
    socket.on("data", (chunk) => {
      received.push(chunk);
      leave.refresh();
    });
    // A gateway may reset a connection if it cannot read the request.
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      clearTimeout(hangs);
      clearTimeout(leave);
      resolve(statuses(Buffer.concat(received).toString("latin1")));
    });
    let from = 0;
    for (const cut of [...cuts, 1]) {
      const to = Math.floor(cut * bytes.length);
      socket.write(bytes.subarray(from, to));
      from = to;
    }
    if (end === "half-close") socket.end();
    else if (end === "reset") socket.once("connect", () => setImmediate(() => socket.resetAndDestroy()));
  });
}

function statuses(answer: string): readonly number[] {
  return [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}

describe(`the launch server under ${RUNS * AT_ONCE} requests of every kind (SEED=${SEED})`, () => {
  it("responds or closes the connection, never with a 5xx, and keeps no state or secret", { timeout: 300_000 }, async () => {
    const seen = new Map<number, number>();
    const run = async (connections: readonly Traffic[]) => {
      for (const status of (await Promise.all(connections.map(send))).flat()) {
        seen.set(status, (seen.get(status) ?? 0) + 1);
        if (status >= 500) throw new Error(`response with status ${status}`);
      }
    };
    const connections = fc.array(traffic, { minLength: AT_ONCE, maxLength: AT_ONCE });
    await fc.assert(fc.asyncProperty(connections, run), { numRuns: RUNS, seed: SEED, endOnFailure: true });

    console.log(
      `responses by status: ${[...seen].map(([status, count]) => `${status}: ${count}`).join(", ")}; ${launched} launched`,
    );
    // Enough requests pass all checks.
    expect(launched).toBeGreaterThan((RUNS * AT_ONCE) / 20);
    for (const status of [200, 400, 401, 404, 405, 413, 415, 431])
      expect(seen.get(status), `responses with status ${status}`).toBeGreaterThan(0);
    await expect.poll(() => rooms.held).toBe(0);
    const log = lines.join("");
    expect(log).not.toContain('"outcome":"internal"');
    for (const secret of SECRETS) expect(log).not.toContain(secret);
    const all = Array.from({ length: 50 }, () => limits.enter("avatars/locked/ann", { launchesAtOnce: 50 }).kind);
    expect(all).not.toContain("refused");
  });
});
