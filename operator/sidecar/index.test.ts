import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { type AddressInfo, createServer as createListener, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runDrainHook, runFetchAssets } from "./index.ts";

/** The two commands, with the environment that the operator writes into the pod. */

let worker: Server;
let workerPort: number;
let sessions: number;

beforeEach(async () => {
  sessions = 1;
  worker = createServer((request, response) => {
    response.end(request.url === "/health" ? JSON.stringify({ active_sessions: sessions }) : "a model");
  });
  workerPort = await listen(worker);
});

afterEach(() => {
  worker.close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createListener();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("drain-hook", () => {
  it("answers a waiting hook before it exits, also if the signal arrives first", async () => {
    const port = await freePort();
    const told = new AbortController();
    const env = {
      AVATARPOOL_WORKER_PORT: String(workerPort),
      AVATARPOOL_DRAIN_PORT: String(port),
      AVATARPOOL_DRAIN_TOKEN: "token",
      AVATARPOOL_HOST: "127.0.0.1",
      AVATARPOOL_LOG_LEVEL: "error",
    };
    const ended = runDrainHook(env, told.signal);
    const url = `http://127.0.0.1:${port}`;
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    const looked = new Promise((resolve) => worker.once("request", resolve));
    const hook = fetch(`${url}/drain`, { headers: { "avatarpool-drain-token": "token" } });
    await looked;
    told.abort();
    sessions = 0;
    expect(await (await hook).text()).toBe("drained\n");
    await ended;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

describe("fetch-assets", () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "sidecar-"));
  });

  afterEach(() => rm(dir, { recursive: true }));

  function run(name: string): Promise<number> {
    const assets = JSON.stringify([{ name, url: `http://127.0.0.1:${workerPort}/leo.imx` }]);
    return runFetchAssets({ AVATARPOOL_ASSETS_0: assets, AVATARPOOL_ASSETS_DIR: dir, AVATARPOOL_LOG_LEVEL: "fatal" });
  }

  it("exits with 0 if every model exists", async () => {
    expect(await run("leo")).toBe(0);
    expect(await readFile(join(dir, "leo.imx"), "utf8")).toBe("a model");
  });

  it("exits with 1 if a model is missing", async () => {
    expect(await run("../leo")).toBe(1);
    expect(await runFetchAssets({ AVATARPOOL_ASSETS_0: "[]", AVATARPOOL_LOG_LEVEL: "fatal" })).toBe(1);
  });
});
