import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../test/support/fake-clock.ts";
import { drainWorker, localWorkerUrls } from "./drain-hook.ts";

let worker: Server;
let workerUrls: readonly string[];
let sessions: number | "broken";
let looks: number;
let clock: FakeClock;
/** Requests that end a session. */
let stopped: string[];

beforeEach(async () => {
  clock = new FakeClock();
  looks = 0;
  stopped = [];
  worker = createServer(({ method, url }, response) => {
    if (url === "/tasks") {
      const tasks = ["completed", "running", "pending"].map((state) => ({ task_id: `${state}/1`, state }));
      response.end(JSON.stringify({ tasks }));
      return;
    }
    if (url !== "/health") {
      stopped.push(`${method} ${url}`);
      if (stopped.length === sessions) sessions = 0;
      response.end("{}");
      return;
    }
    looks += 1;
    if (sessions === "broken") response.writeHead(500).end("oh no");
    else response.end(JSON.stringify({ status: "healthy", active_sessions: sessions }));
  });
  workerUrls = [await listen(worker)];
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

function drain(signal = new AbortController().signal, deadlineMs = Number.POSITIVE_INFINITY) {
  const state = { outcome: undefined as string | undefined };
  const done = drainWorker({ workerUrls, clock, deadlineMs, signal }).then((outcome) => {
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

/** Advances the clock until the drain has ended. */
async function runOut(state: { readonly outcome: string | undefined }): Promise<void> {
  const advance = async () => {
    if (clock.pending > 0) await clock.advance(250);
    return state.outcome;
  };
  await expect.poll(advance, { interval: 1, timeout: 30_000 }).toBeDefined();
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
    workerUrls = localWorkerUrls(port);
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
    expect(await drainWorker({ workerUrls, clock, deadlineMs: 0, signal: new AbortController().signal })).toBe("gone");
  });

  it("ends the sessions that are left at the deadline, and then waits for their end", async () => {
    sessions = 2;
    const { state } = drain(undefined, clock.now() + 600);
    await nextLook();
    await nextLook();
    expect(stopped).toEqual([]);
    await runOut(state);
    expect(stopped.sort()).toEqual(["POST /tasks/pending%2F1/stop", "POST /tasks/running%2F1/stop"]);
    expect(state.outcome).toBe("expired");
  });

  it("gives up on a worker that does not end its sessions", async () => {
    sessions = 3;
    const { state } = drain(undefined, clock.now());
    await runOut(state);
    expect(stopped).toHaveLength(2);
    expect(state.outcome).toBe("expired");
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
