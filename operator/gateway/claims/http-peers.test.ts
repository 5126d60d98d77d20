import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { systemClock } from "../../runtime/clock.ts";
import { createRegistry } from "../../telemetry/metrics.ts";
import { internalServer } from "../http/internal-server.ts";
import { LoadBook } from "../load/load-book.ts";
import type { ClaimSource } from "./claims.ts";
import { HttpPeers } from "./http-peers.ts";
import { MAX_HELD_OF_PEER, type PeerAnswer } from "./peer-protocol.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A file with a gateway's ServiceAccount token. */
async function tokenFileWith(token: string) {
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-peers-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const tokenFile = path.join(folder, "token");
  await writeFile(tokenFile, token);
  return tokenFile;
}

/** Another gateway, and this gateway's client for it. */
async function pair(claims: Partial<ClaimSource>) {
  const book = new LoadBook(systemClock);
  const server = internalServer({
    gateway: "gw-1",
    clock: systemClock,
    source: {
      pools: () => [],
      state: () => undefined,
      summary: () => undefined,
      subscribe: (listener) => book.subscribe(listener),
    },
    registry: createRegistry({ process: false }),
    beforeScrape: () => {},
    access: async () => "denied",
    denials: { note: () => {} },
    peerAccess: async () => "granted",
    notReady: () => undefined,
    claims: {
      claim: () => ({ kind: "granted", ticket: 1, others: [] }),
      peerAnswer: async () => ({ kind: "none" }),
      supersede: async () => [],
      ...claims,
    },
  });
  const other = await server.listen({ host: "127.0.0.1", port: 0 });
  const peers = new HttpPeers({
    clock: systemClock,
    origins: ["http://self"],
    tokenFile: await tokenFileWith("secret"),
    onShares: () => {},
  });
  peers.set(["http://self", other]);
  cleanups.push(
    () => server.close(),
    () => peers.close(),
  );
  return { other, peers };
}

const claim = { launch: "key", room: "room", gateway: "http://self", worker: "uid", before: [] };

/** Another gateway that records each request and its token. */
async function peer() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe("the other gateways", () => {
  it("get a greeting every five seconds, and verify this gateway's token in advance", async () => {
    const tokenFile = await tokenFileWith("secret\n");
    const [self, other] = [await peer(), await peer()];
    const clock = new FakeClock();
    const peers = new HttpPeers({ clock, origins: [self.origin], tokenFile, onShares: () => {} });
    cleanups.push(() => peers.close());
    peers.set([self.origin, other.origin, "http://127.0.0.1:1"]);
    const stopped = new AbortController();
    const greeting = peers.greet(stopped.signal);
    await vi.waitFor(() => expect(other.asked).toEqual(["GET /claims Bearer secret"]));
    await vi.waitFor(async () => {
      await clock.advance(5_000);
      expect(other.asked.length).toBeGreaterThan(1);
    });
    stopped.abort();
    await greeting;
    expect(self.asked).toEqual([]);
  });

  it("exclude this gateway by any of its addresses", async () => {
    const [four, six, other] = ["http://10.0.0.1:8081", "http://[fd00::1]:8081", "http://[fd00::2]:8081"] as const;
    const seen: (readonly string[])[] = [];
    const onShares = ({ members }: { readonly members: readonly string[] }) => seen.push(members);
    const peers = new HttpPeers({ clock: new FakeClock(), origins: [four, six], tokenFile: "", onShares });
    cleanups.push(() => peers.close());
    expect(peers.self).toBe(four);
    peers.set([six, other]);
    expect(peers.self).toBe(six);
    peers.set([six, other]);
    // While it is not ready, the list omits the gateway, and the gateway keeps its name.
    peers.set([other]);
    expect(peers.self).toBe(six);
    expect(seen).toEqual([[six, other]]);
  });

  it("accept claims while they hold the maximum number of responses, and later send all responses", async () => {
    const settled = Promise.withResolvers<PeerAnswer>();
    let held = 0;
    const { other, peers } = await pair({
      peerAnswer: () => {
        held += 1;
        return settled.promise;
      },
    });
    const never = new AbortController().signal;
    const answers = Array.from({ length: MAX_HELD_OF_PEER + 20 }, (_, at) => peers.answer(other, `key-${at}`, never));
    await vi.waitFor(() => expect(held).toBe(MAX_HELD_OF_PEER), 5_000);
    expect(await peers.claim(other, claim)).toMatchObject({ kind: "granted" });
    expect(peers.keepers("room", 2)).toHaveLength(2);
    settled.resolve({ kind: "none" });
    expect(new Set((await Promise.all(answers)).map(({ kind }) => kind))).toEqual(new Set(["none"]));
    expect(held).toBe(MAX_HELD_OF_PEER + 20);
  });

  it("get a retry after a 503, and stay in the list", async () => {
    let asked = 0;
    const busy = createServer((_request, response) => {
      asked += 1;
      const verdict = { kind: "granted", ticket: 1, others: [] };
      response.writeHead(asked < 3 ? 503 : 200, { "content-type": "application/json" }).end(JSON.stringify(verdict));
    }).listen(0, "127.0.0.1");
    await once(busy, "listening");
    const origin = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`;
    const { peers } = await pair({});
    cleanups.push(() => busy.close());
    peers.set(["http://self", origin]);
    expect(await peers.claim(origin, claim)).toMatchObject({ kind: "granted" });
    expect([asked, peers.keepers("room", 2).length]).toEqual([3, 2]);
  });

  it("end sessions that a newer one replaced", async () => {
    const { other, peers } = await pair({ supersede: async ({ seat }) => [`worker-of-${seat}`] });
    expect(peers.others).toEqual([other]);
    const message = { pool: "avatars/support", room: "room", seat: "seat", ticket: 2, runs: true };
    expect(await peers.supersede(other, message)).toEqual(["worker-of-seat"]);
  });
});
