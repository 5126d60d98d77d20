import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { HttpPeers } from "./http-peers.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Another gateway that notes what it is asked, with which token. */
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
  it("are greeted every five seconds, so that they know this one's token before it needs them", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-peers-"));
    cleanups.push(() => rm(folder, { recursive: true }));
    const tokenFile = path.join(folder, "token");
    await writeFile(tokenFile, "secret\n");
    const [self, other] = [await peer(), await peer()];
    const clock = new FakeClock();
    const peers = new HttpPeers({ clock, self: self.origin, tokenFile, onShares: () => {} });
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
});
