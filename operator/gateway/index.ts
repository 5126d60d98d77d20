import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { FastifyInstance } from "fastify";
import { formatDuration } from "../api/duration.ts";
import { liveGatewayAddresses } from "../api/gateway-addresses.ts";
import { httpOrigin } from "../api/http-origin.ts";
import { labels } from "../api/names.ts";
import { poolConfig } from "../api/pool-config.ts";
import { KubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/config.ts";
import { followGateways } from "../kube/follow-gateways.ts";
import { Informer } from "../kube/informer.ts";
import { avatarPools, pods } from "../kube/resource-types.ts";
import { secretReader } from "../kube/secret-cache.ts";
import { SecretLookup } from "../kube/secret-lookup.ts";
import { reviewTokenWith } from "../kube/token-review.ts";
import { type Random, systemClock } from "../runtime/clock.ts";
import { listenHost } from "../runtime/listen-host.ts";
import { sleep } from "../runtime/sleep.ts";
import type { GatewaySettings } from "../settings.ts";
import { DenialLog } from "../telemetry/denial-log.ts";
import { gatewayMetrics } from "../telemetry/gateway-metrics.ts";
import { loadTracer } from "../telemetry/load-tracer.ts";
import { createLogger } from "../telemetry/logger.ts";
import { countAttempts, createRegistry } from "../telemetry/metrics.ts";
import { HttpWorkerClient } from "../workers/client.ts";
import { HttpPeers } from "./claims/http-peers.ts";
import { GatewayCore } from "./core.ts";
import { serveConsole } from "./http/console-routes.ts";
import { internalServer } from "./http/internal-server.ts";
import { LoadAuth } from "./load/load-auth.ts";
import { HttpCloud } from "./overflow/cloud.ts";
import { overflowLog } from "./overflow/overflow-log.ts";
import { PoolSeries } from "./pool-series.ts";
import { publicServer } from "./public-server.ts";
import { Livekit } from "./sessions/livekit.ts";
import { loggedDispatches, loggedRoomViews, sessionLog } from "./sessions/session-log.ts";
import { StartupReadiness } from "./startup-readiness.ts";
import { directoryOf, follow } from "./workers/directory.ts";
import { workerRecord } from "./workers/worker-record.ts";

/** Longest time in a queue: launches that are queued when the gateway stops are still served. */
const STOP_LIMIT_MS = 300_000;
/** Extra time for the launches that workers have not answered by then. */
const LAST_ANSWERS_MS = 10_000;

/**
 * Serves launches until the signal aborts. Then it accepts no new launches, waits for those in progress, and returns.
 * @throws if a port cannot be bound, or if no cluster is configured.
 */
export async function runGateway(settings: GatewaySettings, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const random: Random = Math.random;
  const logger = createLogger("gateway", settings.log);
  const registry = createRegistry();
  const metrics = gatewayMetrics(registry);
  const kube = new KubeClient(loadKubeConfig(), { userAgent: "avatarpool-gateway", onAttempt: countAttempts(metrics) });
  const client = new HttpWorkerClient();

  const watched = { client: kube, namespaces: settings.namespaces, clock, random, logger };
  const noteRestart = (kind: string) => (cause: string) => metrics.watchRestarts.inc({ kind, cause });
  const pools = new Informer({
    ...watched,
    type: avatarPools,
    transform: poolConfig,
    onRestart: noteRestart("AvatarPool"),
  });
  const workers = new Informer({
    ...watched,
    type: pods,
    labelSelector: labels.pool,
    transform: workerRecord,
    onRestart: noteRestart("Pod"),
  });
  const directory = directoryOf(pools, workers);
  const host = await listenHost(settings.host);
  const [address = host, ...more] = settings.podIps;
  const originAt = (ip: string) => httpOrigin(ip, settings.internalPort);
  const origins = [originAt(address), ...more.map(originAt)] as const;
  const peers = new HttpPeers({ clock, origins, tokenFile: settings.peerTokenFile, onShares: (shares) => core.share(shares) });
  const readSecret = secretReader(kube);
  const secrets = new SecretLookup({ read: readSecret, clock });
  const livekit = new Livekit(secrets);
  const core = new GatewayCore({
    clock,
    random,
    client,
    directory,
    metrics,
    peers: settings.gateways.length > 0 || settings.gatewayService !== undefined ? peers : undefined,
    readSecret,
    overflow: { cloud: new HttpCloud(), secrets, onEvent: overflowLog(logger) },
    viewRoom: loggedRoomViews(livekit, logger, clock),
    onEvent: sessionLog(logger),
    dispatches: loggedDispatches(livekit, logger, clock),
  });
  const unfollow = follow(core, pools, workers);
  const startup = new StartupReadiness({ clock, synced: () => directory.synced, unprobed: () => core.unprobed });

  const review = reviewTokenWith(kube, logger);
  const operatorAuth = new LoadAuth({ review, clock, user: settings.operatorUser });
  const peerAuth = new LoadAuth({ review, clock, user: settings.gatewayUser });
  const series = new PoolSeries({ metrics, directory, core, clock });
  const notReady = () => (signal.aborted ? "stopping" : startup.notReadyReason());
  const denials = new DenialLog({ clock, logger });
  let launched = 0;
  const nextOrder = () => ++launched;
  const serving = {
    ...{ clock, logger, metrics, denials, nextOrder, sessions: core.sessions, viewIsOld: () => pools.behind },
    findPool: (key: string) => directory.pool(key),
    launch: (...launch: Parameters<GatewayCore["launch"]>) => core.launch(...launch),
  };
  const access = (...request: Parameters<LoadAuth["access"]>) => operatorAuth.access(...request);
  const internal = internalServer({
    gateway: `${settings.podName}-${randomBytes(4).toString("hex")}`,
    clock,
    source: core,
    registry,
    beforeScrape: () => series.update(),
    access,
    claims: core,
    peerAccess: (...request) => peerAuth.access(...request),
    denials,
    notReady,
  });
  serveConsole(internal, { ...serving, access });
  const watching = new AbortController();
  const tracer = await loadTracer(process.env, (problem) => logger.warn({ problem }, "OpenTelemetry reported a problem"));
  const launches = await publicServer(
    { ...serving, settings, kube, livekit, notReady, tracer, stopping: () => signal.aborted },
    watching.signal,
  );

  const watches = Promise.all([
    pools.run(watching.signal),
    workers.run(watching.signal),
    followGateways(watched, settings, liveGatewayAddresses, (addresses) => peers.set(addresses), watching.signal),
    peers.greet(watching.signal),
  ]);
  try {
    const internalAt = await internal.listen({ host, port: settings.internalPort });
    const listening = await launches.listen({ host, port: settings.launchPort });
    const launchesAt = settings.tls === undefined ? listening : listening.replace(/^http:/, "https:");
    logger.info({ launches: launchesAt, internal: internalAt }, "listening");
    if (!signal.aborted) await once(signal, "abort");
    logger.info(`draining: accepting launches for ${formatDuration(settings.settleMs)} more`);
    await sleep(clock, settings.settleMs);
    await finish(launches, core);
  } finally {
    unfollow();
    core.stop();
    watching.abort();
    await internal.close();
    await watches;
    await Promise.all([client.close(), peers.close(), kube.close(), tracer?.stop()]);
  }
}

/** Closes the launch port and waits for the launches in progress. It refuses launches that are still queued at the time limit. */
async function finish(server: FastifyInstance, core: GatewayCore): Promise<void> {
  const closed = server.close();
  const done = new AbortController();
  void closed.then(() => done.abort());
  await sleep(systemClock, STOP_LIMIT_MS, done.signal);
  core.refuseWaiting();
  await sleep(systemClock, LAST_ANSWERS_MS, done.signal);
  server.server.closeAllConnections();
  await closed;
}
