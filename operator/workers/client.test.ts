import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { HttpWorkerClient, WorkerUnreachable } from "./client.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setup(answer: RequestListener) {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    request.resume().on("end", () => answer(request, response));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = new FakeClock();
  const client = new HttpWorkerClient(clock);
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
    () => client.close(),
  );
  return { clock, client, server, sockets, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const body = { contentType: "text/plain", chunks: [Buffer.from("a"), Buffer.from("b")] };
const { signal } = new AbortController();

describe("HttpWorkerClient", () => {
  it("probes and launches over one kept connection", async () => {
    const { client, origin, sockets } = await setup((_request, response) => response.end("{}"));
    await client.get(origin, "/ready", signal);
    // The connection is free again a turn after its answer has been read.
    await setImmediate();
    await client.post(origin, "/launch", body, signal);
    await setImmediate();
    await client.get(origin, "/tasks/1", signal);
    expect(sockets.size).toBe(1);
  });

  it("launches over a new connection after a long idle time, because the worker may close the kept one", async () => {
    const { client, clock, origin, sockets } = await setup((_request, response) => response.end("{}"));
    await client.get(origin, "/ready", signal);
    await clock.advance(2_001);
    await client.post(origin, "/launch", body, signal);
    expect(sockets.size).toBe(2);
  });

  it("does not retry a launch if its kept connection ends without an answer, because the session may have started", async () => {
    const asked: (string | undefined)[] = [];
    const { client, origin } = await setup((request, response) => {
      asked.push(request.url);
      if (request.method === "POST") request.socket.resetAndDestroy();
      else response.end("{}");
    });
    await client.get(origin, "/ready", signal);
    await setImmediate();
    await expect(client.post(origin, "/launch", body, signal)).rejects.not.toBeInstanceOf(WorkerUnreachable);
    expect(asked).toEqual(["/ready", "/launch"]);
  });

  it("keeps no connection to a worker that answered before it read the launch", async () => {
    const { client, sockets } = await setup(() => {});
    const worker = createServer((request, response) => {
      sockets.add(request.socket);
      response.end("{}");
    }).listen(0, "127.0.0.1");
    cleanups.push(
      () => worker.closeAllConnections(),
      () => worker.close(),
    );
    await once(worker, "listening");
    const at = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`;
    await client.post(at, "/launch", { contentType: "text/plain", chunks: [Buffer.alloc(16_000_000)] }, signal);
    await client.get(at, "/ready", signal);
    expect(sockets.size).toBe(2);
  });

  it("keeps no connection if no further query follows", async () => {
    const { client, origin, sockets } = await setup((_request, response) => response.end("{}"));
    await client.get(origin, "/ready", signal, false);
    await vi.waitFor(() => expect([...sockets].map(({ destroyed }) => destroyed)).toEqual([true]));
    await client.get(origin, "/ready", signal);
    expect(sockets.size).toBe(2);
  });

  it("sends a launch of any size completely, in the order of its chunks", async () => {
    const { client } = await setup(() => {});
    const chunks = ["a", "b", "c"].map((letter) => Buffer.alloc(3_000_000, letter));
    const received: Buffer[] = [];
    const worker = createServer(async (request, response) => {
      for await (const chunk of request) received.push(chunk);
      response.end(JSON.stringify([request.method, request.url, request.headers["content-type"], request.headers.traceparent]));
    }).listen(0, "127.0.0.1");
    cleanups.push(() => worker.close());
    await once(worker, "listening");
    const at = `http://127.0.0.1:${(worker.address() as AddressInfo).port}`;
    const answer = await client.post(
      at,
      "/launch",
      { contentType: "text/plain", chunks, headers: { traceparent: "00-1" } },
      signal,
    );
    expect(JSON.parse(answer.body)).toEqual(["POST", "/launch", "text/plain", "00-1"]);
    expect(Buffer.concat(received).equals(Buffer.concat(chunks))).toBe(true);
  });

  it("reports that a worker closed an idle connection, and retries over a new one", async () => {
    const { client, origin, sockets } = await setup((_request, response) => response.end("{}"));
    const closed: string[] = [];
    client.onClosed((from) => closed.push(from));
    await client.get(origin, "/ready", signal);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => expect(closed).toEqual([origin]));
    expect((await client.get(origin, "/ready", signal)).body).toBe("{}");
  });

  it("retries a query if its kept connection ends", async () => {
    let asked = 0;
    const { client, origin } = await setup((request, response) => {
      asked += 1;
      if (asked === 2) request.socket.destroy();
      else response.end(String(asked));
    });
    await client.get(origin, "/ready", signal);
    expect((await client.get(origin, "/ready", signal)).body).toBe("3");
  });

  it("reports that there was no connection, because only then no session can have started", async () => {
    const { client, origin, server } = await setup((request) => request.socket.resetAndDestroy());
    const reset = client.post(origin, "/launch", body, signal);
    await expect(reset).rejects.not.toBeInstanceOf(WorkerUnreachable);
    server.close();
    await once(server, "close");
    await expect(client.post(origin, "/launch", body, signal)).rejects.toBeInstanceOf(WorkerUnreachable);
  });

  it("rejects an endless answer", async () => {
    const { client, origin } = await setup((_request, response) => {
      const flood = (): void => {
        while (!response.destroyed && response.write("x".repeat(16_384)));
      };
      response.on("drain", flood);
      flood();
    });
    expect((await client.get(origin, "/ready", signal)).body).toHaveLength(1024 * 1024);
  });

  it("does not follow redirects", async () => {
    const { client, origin } = await setup((_request, response) =>
      response.writeHead(307, { location: "http://127.0.0.2/" }).end(),
    );
    expect((await client.post(origin, "/launch", body, signal)).status).toBe(307);
  });

  it("ends with its signal", async () => {
    const { client, origin } = await setup(() => {});
    const stop = new AbortController();
    const asking = client.get(origin, "/ready", stop.signal);
    stop.abort(new Error("enough"));
    await expect(asking).rejects.toThrow("enough");
  });
});
