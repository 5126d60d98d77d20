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

  it("are told apart from this one, whichever of its addresses is listed", async () => {
    const [four, six, other] = ["http://10.0.0.1:8081", "http://[fd00::1]:8081", "http://[fd00::2]:8081"] as const;
    const seen: (readonly string[])[] = [];
    const onShares = ({ members }: { readonly members: readonly string[] }) => seen.push(members);
    const peers = new HttpPeers({ clock: new FakeClock(), origins: [four, six], tokenFile: "", onShares });
    cleanups.push(() => peers.close());
    expect(peers.self).toBe(four);
    peers.set([six, other]);
    expect(peers.self).toBe(six);
    peers.set([six, other]);
    // Not listed while it is not ready: it keeps its name.
    peers.set([other]);
    expect(peers.self).toBe(six);
    expect(seen).toEqual([[six, other]]);
  });
});
