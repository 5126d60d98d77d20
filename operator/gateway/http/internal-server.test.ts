import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { createRegistry } from "../../telemetry/metrics.ts";
import type { ClaimSource } from "../claims/claims.ts";
import { MAX_HELD_OF_PEER } from "../claims/peer-protocol.ts";
import type { Access } from "../load/load-auth.ts";
import { LoadBook } from "../load/load-book.ts";
import { internalServer, MAX_CLAIMS } from "./internal-server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface State {
  access?: Access;
  peerAccess?: Access | Promise<Access>;
  notReady?: string | undefined;
  peerAnswer?: ClaimSource["peerAnswer"];
}

async function setup(state: State = {}) {
  const book = new LoadBook(systemClock);
  const denied: string[] = [];
  const summary = { namespace: "avatars", name: "support", queued: {}, shortages: {}, launches: {} };
  const server = internalServer({
    gateway: "gw-1",
    clock: systemClock,
    source: {
      pools: () => ["avatars/support"],
      state: () => ({ ...summary, workers: [] }),
      summary: () => summary,
      subscribe: (listener) => book.subscribe(listener),
    },
    registry: createRegistry(),
    beforeScrape: () => {},
    denials: { note: (_request, reason) => denied.push(reason) },
    access: async () => state.access ?? "granted",
    notReady: () => state.notReady,
    claims: {
      claim: ({ gateway }) =>
        gateway === "http://me"
          ? { kind: "granted", ticket: 1, others: [] }
          : { kind: "held", gateway: "http://me", worker: "uid", before: [], ticket: 1 },
      peerAnswer: async (launch) => (await state.peerAnswer?.(launch)) ?? { kind: launch === "known" ? "unknown" : "none" },
      supersede: async ({ seat }) => [seat],
    },
    peerAccess: async () => state.peerAccess ?? "granted",
  });
  const origin = await server.listen({ host: "127.0.0.1", port: 0 });
  cleanups.push(() => server.close());
  return { origin, book, state, denied };
}

async function openLoad(origin: string) {
  const request = get(`${origin}/load`, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? "null") as { full: boolean; pools: { name: string }[] };
  return { status: response.statusCode, next, close: () => request.destroy() };
}

describe("the internal server", () => {
  it("responds 503 on /readyz while a reason against readiness exists", async () => {
    const { origin, state } = await setup({ notReady: "waiting for the initial lists of pools and workers" });
    expect((await fetch(`${origin}/readyz`)).status).toBe(503);
    state.notReady = undefined;
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  });

  it("exports metrics", async () => {
    const { origin } = await setup();
    expect(await (await fetch(`${origin}/metrics`)).text()).toContain("process_resident_memory_bytes");
  });

  it("streams the full load first, then each shortage at once", async () => {
    const { origin, book } = await setup();
    const stream = await openLoad(origin);
    cleanups.push(stream.close);
    expect(await stream.next()).toMatchObject({ full: true, pools: [{ name: "support" }] });
    book.arrived("avatars/support", "maya")("worker503");
    expect(await stream.next()).toMatchObject({ full: false, pools: [{ name: "support", shortSinceMs: expect.any(Number) }] });
  });

  it.each([
    ["denied", 401],
    ["unknown", 503],
  ] as const)("responds to %s access with %i", async (access, status) => {
    const { origin, denied } = await setup({ access });
    expect((await fetch(`${origin}/load`)).status).toBe(status);
    expect(denied).toEqual(access === "denied" ? ["only the operator may read this"] : []);
  });

  it("opens a bounded number of streams, and another after one closes", async () => {
    const { origin } = await setup();
    const streams = [];
    for (let count = 0; count < 8; count += 1) streams.push(await openLoad(origin));
    for (const { close } of streams) cleanups.push(close);
    expect((await fetch(`${origin}/load`)).status).toBe(503);
    streams[0]?.close();
    let again = await openLoad(origin);
    while (again.status !== 200) again = await openLoad(origin);
    cleanups.push(again.close);
  });

  it("accepts claims from gateways only", async () => {
    const { origin, state } = await setup();
    const post = async (path: string, body: object) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as object };
    };
    const claim = { launch: "key", room: "room", gateway: "http://other", worker: "uid", before: [] };
    const question = { launch: "known", gateway: "http://other" };
    const superseded = { pool: "avatars/support", room: "room", seat: "seat", ticket: 2, runs: true };
    expect((await post("/claims", claim)).body).toMatchObject({ kind: "held", gateway: "http://me", worker: "uid" });
    expect((await post("/claims/answer", question)).body).toEqual({ kind: "unknown" });
    expect((await post("/claims/superseded", superseded)).body).toEqual({ ended: ["seat"] });
    expect((await post("/claims", { launch: 1 })).status).toBe(400);
    expect((await fetch(`${origin}/claims`)).status).toBe(204);
    state.peerAccess = "denied";
    expect((await post("/claims", claim)).status).toBe(401);
    expect((await post("/claims/answer", question)).status).toBe(401);
    expect((await post("/claims/superseded", superseded)).status).toBe(401);
    expect((await fetch(`${origin}/claims`)).status).toBe(401);
  });

  it("holds a bounded number of one gateway's requests, and responds to further ones at once", async () => {
    const { origin, state } = await setup();
    const settled = Promise.withResolvers<{ kind: "none" }>();
    let held = 0;
    state.peerAnswer = () => {
      held += 1;
      return settled.promise;
    };
    const ask = async (gateway: string) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ launch: "key", gateway });
      return (await fetch(`${origin}/claims/answer`, { method: "POST", headers, body })).json();
    };
    const questions = Array.from({ length: MAX_HELD_OF_PEER }, () => ask("http://one"));
    await vi.waitFor(() => expect(held).toBe(MAX_HELD_OF_PEER), 5_000);
    expect(await ask("http://one")).toEqual({ kind: "pending" });
    const other = ask("http://other");
    await vi.waitFor(() => expect(held).toBe(MAX_HELD_OF_PEER + 1), 5_000);
    settled.resolve({ kind: "none" });
    expect(await Promise.all([...questions, other, ask("http://one")])).toEqual(
      Array.from({ length: MAX_HELD_OF_PEER + 2 }, () => ({ kind: "none" })),
    );
  });

  it("holds a bounded number of claims during the token review, and rejects further ones at once", async () => {
    const { origin, state } = await setup();
    const checked = Promise.withResolvers<Access>();
    state.peerAccess = checked.promise;
    const headers = { "content-type": "application/json" };
    const post = async () => (await fetch(`${origin}/claims`, { method: "POST", body: "{}", headers })).status;
    const claims = Array.from({ length: MAX_CLAIMS + 1 }, post);
    expect(await Promise.any(claims)).toBe(503);
    checked.resolve("denied");
    expect((await Promise.all(claims)).filter((status) => status === 401)).toHaveLength(MAX_CLAIMS);
    expect(await post()).toBe(401);
  });
});
