import type { Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { drainServer } from "./drain-server.ts";

let server: Server;
let url: string;
let waits: AbortSignal[];
let end: ((outcome: "drained") => void)[];
const sockets: Socket[] = [];

beforeEach(async () => {
  waits = [];
  end = [];
  const wait = (signal: AbortSignal) => {
    waits.push(signal);
    return new Promise<"drained">((resolve) => end.push(resolve));
  };
  server = drainServer({ wait }, "token");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${port()}`;
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const port = () => (server.address() as AddressInfo).port;
const drain = (token = "token") => fetch(`${url}/drain`, { headers: { "avatarpool-drain-token": token } });

/** A connection that sends this and then nothing more. */
async function open(text: string): Promise<Socket> {
  const socket = connect(port(), "127.0.0.1").on("error", () => undefined);
  sockets.push(socket);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(text);
  return socket;
}

describe("the sidecar's server", () => {
  it("answers the kubelet's hook only when the worker has drained, and its health at once", async () => {
    const hook = drain();
    await expect.poll(() => waits.length).toBe(1);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    end[0]!("drained");
    expect([(await hook).status, await (await hook).text()]).toEqual([200, "drained\n"]);
  });

  it("rejects clients without the token: they can neither check the worker nor wait", async () => {
    const answers = await Promise.all([fetch(`${url}/drain`), drain("other"), drain(""), drain("tokem")]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/drain`, { method: "POST" })).status).toBe(404);
    expect(waits).toEqual([]);
  });

  it("rejects every drain if it has no token", async () => {
    const bare = drainServer({ wait: () => Promise.reject(new Error("looked")) }, "");
    await new Promise<void>((resolve) => bare.listen(0, "127.0.0.1", resolve));
    const { status } = await fetch(`http://127.0.0.1:${(bare.address() as AddressInfo).port}/drain`);
    expect(status).toBe(403);
    await new Promise((resolve) => bare.close(resolve));
  });

  it("answers the kubelet while other clients hold any number of connections, and keeps its hook during more of them", async () => {
    for (let count = 0; count < 300; count++) await open("GET /drain HTTP/1.1\r\n");
    const hook = drain();
    await expect.poll(() => waits.length).toBe(1);
    for (let count = 0; count < 300; count++) await open("");
    const connections = () => new Promise<number>((resolve) => server.getConnections((_error, number) => resolve(number)));
    await expect.poll(connections).toBeLessThanOrEqual(258);
    expect(waits[0]?.aborted).toBe(false);
    end[0]!("drained");
    expect(await (await hook).text()).toBe("drained\n");
  });

  it("holds at most the number of hooks that a worker can have, and removes hooks of disconnected callers", async () => {
    const callers = await Promise.all(
      Array.from({ length: 16 }, () => open("GET /drain HTTP/1.1\r\nhost: a\r\navatarpool-drain-token: token\r\n\r\n")),
    );
    await expect.poll(() => waits.length).toBe(16);
    expect((await drain()).status).toBe(503);
    for (const caller of callers) caller.destroy();
    await expect.poll(() => waits.every(({ aborted }) => aborted)).toBe(true);
    const hook = drain();
    await expect.poll(() => waits.length).toBe(17);
    end[16]!("drained");
    expect((await hook).status).toBe(200);
  });
});
