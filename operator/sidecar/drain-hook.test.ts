import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { drainWorker, localHealthUrls } from "./drain-hook.ts";

let worker: Server;
let healthUrls: readonly string[];
let sessions: number | "broken";
let looks: number;
let clock: FakeClock;

beforeEach(async () => {
  clock = new FakeClock();
  looks = 0;
  worker = createServer((_, response) => {
    looks += 1;
    if (sessions === "broken") response.writeHead(500).end("oh no");
    else response.end(JSON.stringify({ status: "healthy", active_sessions: sessions }));
  });
  healthUrls = [`${await listen(worker)}/health`];
});

afterEach(() => close(worker));

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<unknown> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
}

function drain(signal = new AbortController().signal) {
  const state = { outcome: undefined as string | undefined };
  const done = drainWorker({ healthUrls, clock, signal }).then((outcome) => {
    state.outcome = outcome;
  });
  return { state, done };
}

/** Runs one check and advances the clock to the next. */
async function nextLook(): Promise<void> {
  const before = looks;
  await expect.poll(() => looks).toBe(before + 1);
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(250);
}

describe("drainWorker", () => {
  it("waits for the last session, and for a second check after it", async () => {
    sessions = 1;
    const { state, done } = drain();
    await nextLook();
    sessions = 0;
    await nextLook();
    expect(state.outcome).toBeUndefined();
    await done;
    expect(state.outcome).toBe("drained");
    expect(looks).toBe(3);
  });

  it("restarts the count if a launch arrives between two checks", async () => {
    sessions = 0;
    const { done } = drain();
    await nextLook();
    sessions = 1;
    await nextLook();
    sessions = 0;
    await nextLook();
    await done;
    expect(looks).toBe(4);
  });

  it("treats a worker with an unknown answer as busy", async () => {
    sessions = "broken";
    const { state } = drain();
    for (let count = 0; count < 3; count++) await nextLook();
    expect(state.outcome).toBeUndefined();
  });

  it("finds a worker that listens on IPv6 only", async () => {
    await close(worker);
    await new Promise<void>((resolve) => worker.listen({ host: "::1", port: 0 }, resolve));
    const { port } = worker.address() as AddressInfo;
    sessions = 1;
    healthUrls = localHealthUrls(port);
    const { state, done } = drain();
    await nextLook();
    expect(state.outcome).toBeUndefined();
    sessions = 0;
    await nextLook();
    await done;
    expect(state.outcome).toBe("drained");
  });

  it("ends when the worker refuses connections", async () => {
    await close(worker);
    expect(await drainWorker({ healthUrls, clock, signal: new AbortController().signal })).toBe("gone");
  });

  it("ends with the signal", async () => {
    sessions = 1;
    const aborted = new AbortController();
    const { state, done } = drain(aborted.signal);
    await nextLook();
    aborted.abort();
    await done;
    expect(state.outcome).toBe("aborted");
  });
});
