import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { createRegistry } from "../../telemetry/metrics.ts";
import type { Access } from "../load/load-auth.ts";
import { LoadBook } from "../load/load-book.ts";
import { internalServer } from "./internal-server.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setup(state: { access?: Access; peerAccess?: Access; notReady?: string | undefined } = {}) {
  const book = new LoadBook(systemClock);
  const summary = { namespace: "avatars", name: "support", queued: {}, pressure: {}, launches: {} };
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
    access: async () => state.access ?? "granted",
    notReady: () => state.notReady,
    claims: {
      claim: ({ gateway }) =>
        gateway === "http://me" ? { kind: "granted" } : { kind: "held", gateway: "http://me", worker: "uid" },
      peerAnswer: async (launch) => ({ kind: launch === "known" ? "unknown" : "none" }),
    },
    peerAccess: async () => state.peerAccess ?? "granted",
  });
  const origin = await server.listen({ host: "127.0.0.1", port: 0 });
  cleanups.push(() => server.close());
  return { origin, book, state };
}

async function openLoad(origin: string) {
  const request = get(`${origin}/load`, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value ?? "null") as { full: boolean; pools: { name: string }[] };
  return { status: response.statusCode, next, close: () => request.destroy() };
}

describe("the internal server", () => {
  it("is ready only when nothing speaks against it", async () => {
    const { origin, state } = await setup({ notReady: "waiting for the first full lists" });
    expect((await fetch(`${origin}/readyz`)).status).toBe(503);
    state.notReady = undefined;
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
  });

  it("exports metrics", async () => {
    const { origin } = await setup();
    expect(await (await fetch(`${origin}/metrics`)).text()).toContain("process_resident_memory_bytes");
  });

  it("streams the load: everything first, then pressure at once", async () => {
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
  ] as const)("answers %s access with %i", async (access, status) => {
    const { origin } = await setup({ access });
    expect((await fetch(`${origin}/load`)).status).toBe(status);
  });

  it("opens a bounded number of streams, and another when one closes", async () => {
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

  it("takes the claims of gateways, and of nobody else", async () => {
    const { origin, state } = await setup();
    const post = async (path: string, body: object) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as object };
    };
    const claim = { launch: "key", gateway: "http://other", worker: "uid" };
    expect((await post("/claims", claim)).body).toEqual({ kind: "held", gateway: "http://me", worker: "uid" });
    expect((await post("/claims/answer", { launch: "known" })).body).toEqual({ kind: "unknown" });
    expect((await post("/claims", { launch: 1 })).status).toBe(400);
    expect((await fetch(`${origin}/claims`)).status).toBe(204);
    state.peerAccess = "denied";
    expect((await post("/claims", claim)).status).toBe(401);
    expect((await post("/claims/answer", { launch: "known" })).status).toBe(401);
    expect((await fetch(`${origin}/claims`)).status).toBe(401);
  });
});
