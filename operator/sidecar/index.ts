import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { listenHost } from "../runtime/listen-host.ts";
import { createLogger } from "../telemetry/logger.ts";
import { AssetError, parseAssets } from "./asset.ts";
import { drainWorker, localWorkerUrls } from "./drain-hook.ts";
import { drainServer } from "./drain-server.ts";
import { fetchAssets } from "./fetch-assets.ts";
import { SharedDrain } from "./shared-drain.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The kubelet reads this file as the termination message of the container. */
const TERMINATION_LOG = "/dev/termination-log";

/**
 * The command of the init container: fetches the assets that the environment lists.
 * @throws AssetError that names the asset and what to do.
 */
export async function assetsFromEnvironment(env: Environment, clock: Clock, signal?: AbortSignal): Promise<void> {
  const dir = env.AVATARPOOL_ASSETS_DIR;
  if (!dir) throw new AssetError("AVATARPOOL_ASSETS_DIR is empty; the operator sets it, do not override it");
  await fetchAssets(parseAssets(env), dir, { clock, ...(signal && { signal }) });
}

/** The process `fetch-assets`. @returns its exit code. */
export async function runFetchAssets(env: Environment, signal?: AbortSignal): Promise<number> {
  const logger = createLogger("fetch-assets", env.AVATARPOOL_LOG_LEVEL);
  try {
    await assetsFromEnvironment(env, systemClock, signal);
    logger.info("all models fetched");
    return 0;
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error);
    logger.error(sentence);
    // Outside a container this file does not exist. The log has the error.
    await writeFile(TERMINATION_LOG, sentence, { flag: "r+" }).catch(() => undefined);
    return 1;
  }
}

/** The process `drain-hook`: serves until the signal, then answers the waiting hook and exits. */
export async function runDrainHook(env: Environment, signal: AbortSignal): Promise<void> {
  const logger = createLogger("drain-hook", env.AVATARPOOL_LOG_LEVEL);
  const workerUrls = localWorkerUrls(port(env.AVATARPOOL_WORKER_PORT, 8_089));
  const limitMs = 1_000 * Number(env.AVATARPOOL_DRAIN_TIMEOUT_SECONDS || Number.POSITIVE_INFINITY);
  // A kubelet that restarts calls the hook again, and the limit still counts from the first call.
  let deadlineMs: number | undefined;
  const drain = new SharedDrain(async (stop) => {
    logger.info("the pod is being deleted: waiting until the worker's sessions have ended");
    deadlineMs ??= systemClock.now() + limitMs;
    const outcome = await drainWorker({ workerUrls, clock: systemClock, deadlineMs, signal: stop });
    logger.info({ outcome }, "the wait for the worker's sessions has ended");
    return outcome;
  });
  const server = drainServer(drain, env.AVATARPOOL_DRAIN_TOKEN ?? "");
  server.listen(port(env.AVATARPOOL_DRAIN_PORT, 8_099), await listenHost(env.AVATARPOOL_HOST));
  await once(server, "listening", { signal });
  logger.info({ address: server.address() }, "waiting for the worker's preStop hook");
  if (!signal.aborted) await once(signal, "abort");
  server.close();
  server.closeIdleConnections();
  await once(server, "close");
}

function port(text: string | undefined, otherwise: number): number {
  return text === undefined || text === "" ? otherwise : Number(text);
}
