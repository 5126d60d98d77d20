import { setTimeout as sleep } from "node:timers/promises";
import { openLoad } from "../../support/gateway/process.ts";
import { ensureBundle } from "../../support/product/bundle.ts";
import { freePort } from "../../support/product/free-port.ts";
import { ProductProcess } from "../../support/product/processes.ts";
import { POOL, standInApi } from "./stand-in-api.ts";

const START_LIMIT_MS = 180_000;

export interface BenchGateway extends AsyncDisposable {
  readonly pid: number;
  /** Host and port of its launch server. */
  readonly host: string;
  readonly port: number;
  readonly readyAfterMs: number;
}

/** The shipped gateway with the flags of the image. Resolves when it has observed every worker as ready. */
export async function startBenchGateway(workers: { readonly count: number; readonly slots: number }): Promise<BenchGateway> {
  await ensureBundle(console.error);
  const api = await standInApi(workers);
  const [port, internalPort] = [await freePort(), await freePort()];
  const env = {
    NODE_ENV: "production",
    KUBECONFIG: api.kubeconfig,
    AVATARPOOL_HOST: "127.0.0.1",
    AVATARPOOL_LAUNCH_PORT: String(port),
    AVATARPOOL_INTERNAL_PORT: String(internalPort),
    AVATARPOOL_SETTLE_SECONDS: "0",
    // The same request can then be sent to a worker directly.
    AVATARPOOL_DEFAULT_POOL: `${POOL.namespace}/${POOL.name}`,
  };
  const process = new ProductProcess("gateway", { build: "bundle", env, logFile: `${api.folder}/gateway.log` });
  const startedMs = performance.now();
  const internal = `http://127.0.0.1:${internalPort}`;
  while (!(await isReady(internal))) {
    if (!process.running || performance.now() - startedMs > START_LIMIT_MS) throw new Error(await process.log());
    await sleep(100);
  }
  const listening = new AbortController();
  const load = await openLoad(internal, "bench");
  const seen = () => load.last.get(POOL.name)?.workers.filter(({ ready }) => ready).length;
  while (seen() !== workers.count) {
    if (!process.running || performance.now() - startedMs > START_LIMIT_MS) throw new Error(await process.log());
    await sleep(100);
  }
  load.close();
  // As in a cluster, an operator reads the load stream. Its processing is not part of the measurement.
  const listener = await fetch(`${internal}/load`, { headers: { authorization: "Bearer bench" }, signal: listening.signal });
  void listener.body?.pipeTo(new WritableStream()).catch(() => {});
  return {
    pid: process.pid,
    host: "127.0.0.1",
    port,
    readyAfterMs: Math.round(performance.now() - startedMs),
    [Symbol.asyncDispose]: async () => {
      listening.abort();
      await process.stop();
      await api[Symbol.asyncDispose]();
    },
  };
}

async function isReady(internal: string): Promise<boolean> {
  return fetch(`${internal}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
