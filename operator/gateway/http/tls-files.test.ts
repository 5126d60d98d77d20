import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, Server } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../../test/support/fake-clock.ts";
import { certificates } from "../../../test/support/gateway/certificates.ts";
import { json, liveGateway } from "../../../test/support/gateway/live.ts";
import { testPool } from "../../../test/support/gateway/pool.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { followTlsFiles, readTlsPair, type TlsPair } from "./tls-files.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setup(pair: TlsPair = certificates.first) {
  const folder = await mkdtemp(path.join(tmpdir(), "avatarpool-tls-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const files = { certFile: path.join(folder, "tls.crt"), keyFile: path.join(folder, "tls.key") };
  const write = (next: Partial<TlsPair>) =>
    Promise.all([
      next.cert === undefined ? undefined : writeFile(files.certFile, next.cert),
      next.key === undefined ? undefined : writeFile(files.keyFile, next.key),
    ]);
  await write(pair);
  return { files, write };
}

describe("readTlsPair", () => {
  it("rejects a certificate and a key that do not match, or a missing file", async () => {
    const { files, write } = await setup();
    expect(await readTlsPair(files)).toEqual(certificates.first);
    await write({ key: certificates.second.key });
    await expect(readTlsPair(files)).rejects.toThrow(/mismatch/);
    await expect(readTlsPair({ ...files, keyFile: `${files.keyFile}.gone` })).rejects.toThrow(/ENOENT/);
  });
});

describe("followTlsFiles", () => {
  it("reports a new pair once, and keeps the old one while the files do not match", async () => {
    const { files, write } = await setup();
    const clock = new FakeClock();
    const lines: string[] = [];
    const logger = createLogger("test", "info", { write: (line) => void lines.push(line) });
    const used: TlsPair[] = [];
    const stop = new AbortController();
    cleanups.push(() => stop.abort());
    void followTlsFiles({ clock, logger }, files, certificates.first, (pair) => used.push(pair), stop.signal);
    /** One check, with its reads of real files. */
    const look = async (until: () => unknown) => {
      await clock.advance(10_000);
      await expect.poll(until).toBeTruthy();
    };

    await write({ cert: certificates.second.cert });
    await look(() => lines.some((line) => line.includes("failed to reload")));
    expect(used).toEqual([]);
    await write({ key: certificates.second.key });
    await look(() => used.length > 0);
    expect(used).toEqual([certificates.second]);
    expect(lines.join("")).not.toContain("PRIVATE KEY");
  });
});

describe("a gateway with a certificate", () => {
  it("serves HTTPS, uses a new certificate for new connections, and closes none", async () => {
    const gateway = await liveGateway([(_request, response) => json(response, 200, { status: "pending" })], testPool(), {
      tls: certificates.first,
    });
    cleanups.push(gateway.close);
    const { port } = new URL(gateway.origin);
    const nameNow = async () => {
      const socket = connect({ port: Number(port), host: "127.0.0.1", rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const name = socket.getPeerCertificate().subject.CN;
      socket.destroy();
      return name;
    };
    const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
    cleanups.push(() => agent.destroy());
    let room = 0;
    const launch = async () => {
      room += 1;
      const body = new URLSearchParams({
        livekit_url: "wss://x",
        livekit_token: "t",
        room_name: `room-${room}`,
        avatar_id: "maya",
      });
      const sent = request(`https://127.0.0.1:${port}${gateway.path}`, {
        agent,
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
      }).end(body.toString());
      const [response] = await once(sent, "response");
      response.resume();
      await once(response, "end");
      return { status: response.statusCode, reused: sent.reusedSocket };
    };

    expect(await launch()).toEqual({ status: 200, reused: false });
    expect(await nameNow()).toBe("first.gateway.test");
    if (gateway.server.server instanceof Server) gateway.server.server.setSecureContext(certificates.second);
    expect(await nameNow()).toBe("second.gateway.test");
    expect(await launch()).toEqual({ status: 200, reused: true });
  });
});
