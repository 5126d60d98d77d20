import { gatewayAddresses } from "../api/gateway-addresses.ts";
import { httpOrigin } from "../api/http-origin.ts";
import { annotations, FINALIZER, labels, MANAGED_BY } from "../api/names.ts";
import { poolKey } from "../api/pool-config.ts";
import { GatewayClient } from "../console/gateway-client.ts";
import { type OperatorConsole, startConsole } from "../console/index.ts";
import { PoolConsole } from "../console/pool-console.ts";
import { PrometheusHistory } from "../console/prometheus/prometheus-history.ts";
import { KubeClient } from "../kube/client.ts";
import { loadKubeConfig } from "../kube/config.ts";
import { followGateways } from "../kube/follow-gateways.ts";
import { Informer } from "../kube/informer.ts";
import { leaderElect } from "../kube/lease.ts";
import { avatarPools, deployments, disruptionBudgets, networkPolicies, pods, replicaSets } from "../kube/resource-types.ts";
import type { KubeObject, ResourceType } from "../kube/types.ts";
import { whileLeading } from "../kube/while-leading.ts";
import { workerNetworkPolicy } from "../resources/network-policy.ts";
import { workerDisruptionBudget } from "../resources/pdb.ts";
import { systemClock } from "../runtime/clock.ts";
import { Controller } from "../runtime/controller.ts";
import { withDeadline } from "../runtime/deadline.ts";
import { listenHost } from "../runtime/listen-host.ts";
import type { OperatorSettings } from "../settings.ts";
import { startHealthServer } from "../telemetry/health-server.ts";
import { createLogger, type Logger } from "../telemetry/logger.ts";
import { countAttempts, createRegistry } from "../telemetry/metrics.ts";
import { type OperatorMetrics, operatorMetrics } from "../telemetry/operator-metrics.ts";
import { HttpWorkerClient } from "../workers/client.ts";
import { enqueueOwner, poolControllers } from "./controllers.ts";
import { debugPages, type Role } from "./debug-pages.ts";
import { BY_POOL } from "./gather/build-snapshot.ts";
import { GatewayStreams } from "./load/gateway-streams.ts";
import { LoadHub } from "./load/load-hub.ts";
import type { PoolClient } from "./refusals/guarded-client.ts";
import type { Refusals } from "./refusals/refusals.ts";
import { replicaSetView } from "./replica-sets.ts";
import { eventRecorder } from "./report/event-recorder.ts";
import { deploymentView, type PodView, type PoolView, podView, poolView } from "./views.ts";
import { WorkerCalls } from "./warmup/worker-calls.ts";
import { type OwnedObjectOptions, ownedObjectReconciler, ownedView } from "./writes/owned-object.ts";

const OWNED_CONCURRENCY = 2;
/** How long the first list of owned objects may take. After that, their controllers start without it. */
const OWNED_LIST_MS = 10_000;

interface Operator {
  readonly settings: OperatorSettings;
  readonly client: KubeClient;
  readonly metrics: OperatorMetrics;
  readonly logger: Logger;
  readonly role: Role;
  /** Undefined without a port. */
  readonly operatorConsole: OperatorConsole | undefined;
}

/**
 * Runs the operator until the signal aborts: acquires the lease, leads, and releases the lease.
 * @throws Error if the lease was lost: the process must end, because another replica leads.
 */
export async function runOperator(settings: OperatorSettings, signal: AbortSignal): Promise<void> {
  const logger = createLogger("operator", settings.log);
  const registry = createRegistry();
  const metrics = operatorMetrics(registry);
  const client = new KubeClient(loadKubeConfig(), { userAgent: "avatarpool-operator", onAttempt: countAttempts(metrics) });
  const role: Role = { leading: undefined, leader: undefined };
  const host = await listenHost(settings.host);
  const server = await startHealthServer({
    host,
    port: settings.httpPort,
    registry,
    notReady: () => undefined,
    pages: debugPages(settings.podName, role),
  });
  logger.info({ address: server.address() }, "operator started");
  const { consolePort, podName: replica, podIp } = settings;
  const operatorConsole =
    consolePort === 0 ? undefined : await startConsole({ replica, host, port: consolePort, client, clock: systemClock, logger });
  const consoleOrigin = operatorConsole && podIp && httpOrigin(podIp, consolePort);
  try {
    const end = await leaderElect({
      client,
      lease: { namespace: settings.namespace, name: settings.name },
      identity: settings.podName,
      annotations: { [annotations.consoleOrigin]: consoleOrigin },
      clock: systemClock,
      wallClock: Date.now,
      random: Math.random,
      ...settings.lease,
      logger,
      onElected: (leading, holds) => lead({ settings, client, metrics, logger, role, operatorConsole }, leading, holds),
      onHolder: (holder, { [annotations.consoleOrigin]: leaderOrigin }) => {
        role.leader = holder;
        operatorConsole?.follow(holder === undefined ? undefined : leaderOrigin);
      },
      signal,
    });
    if (end === "lost") throw new Error("leader election lost: another replica holds the lease");
  } finally {
    server.close();
    await operatorConsole?.close();
    await client.close();
  }
}

/** The leader's work: watches, load streams and controllers, until the signal aborts. */
async function lead(operator: Operator, signal: AbortSignal, holds: () => boolean): Promise<void> {
  const { client, metrics, logger, role } = operator;
  const clock = systemClock;
  const common = { clock, random: Math.random, logger };
  const sinceMs = clock.now();
  role.leader = undefined;
  operator.operatorConsole?.follow(undefined);
  metrics.leader.set(1);
  logger.info("leading");

  const hub = new LoadHub();
  const workers = new HttpWorkerClient();
  const watched = watches(operator);
  const writer = whileLeading(client, signal, holds);
  const controllers = poolControllers({
    ...watched,
    ...common,
    client: writer,
    events: client,
    hub,
    workers: new WorkerCalls(workers, clock),
    sidecarImage: operator.settings.image,
    record: eventRecorder({ client: writer, reportingInstance: operator.settings.podName, clock, logger }),
    metrics,
  });
  const owned = ownedObjectControllers(operator, watched, writer, controllers.refusals);
  const { loadTokenFile: tokenFile } = operator.settings;
  const gateway = new GatewayClient({ addresses: () => streams.addresses, tokenFile, clock });
  const { prometheusUrl: url } = operator.settings;
  const poolConsole = new PoolConsole({
    gateway,
    prometheus: url === undefined ? undefined : new PrometheusHistory({ url, logger }),
    clock,
    sinceMs,
    pools: watched.pools.store,
    memory: (key) => controllers.memory(key),
    onReported: (handler) => controllers.onReported(handler),
    gateways: () => hub.connected,
  });
  const streams = new GatewayStreams(
    {
      ...common,
      hub,
      tokenFile,
      onChange: (key) => controllers.enqueue(key),
      onConnections: (connected) => {
        metrics.gatewaysConnected.set(connected);
        poolConsole.gatewaysChanged();
      },
    },
    signal,
  );
  const { budgets, policies, ...needed } = watched;
  const running = [
    ...Object.values(watched).map((informer) => informer.run(signal)),
    followGateways({ client, ...common }, operator.settings, gatewayAddresses, (addresses) => streams.set(addresses), signal),
  ];
  await Promise.all(Object.values(needed).map((informer) => informer.whenSynced(signal)));
  role.leading = {
    sinceMs,
    pools: () => [...watched.pools.store.values()].map(({ config }) => poolKey(config)),
    memory: (key) => controllers.memory(key),
    load: (key) => hub.view(key, clock.now()),
  };
  operator.operatorConsole?.lead(poolConsole, signal);
  if (!signal.aborted) await Promise.all([controllers.run(signal), ...owned.map((run) => run(signal)), ...running]);
  role.leading = undefined;
  await streams.close();
  await gateway.close();
  await workers.close();
  metrics.leader.set(0);
}

/** An object that belongs to a pool, by its labels. */
type Owned = Pick<PodView, "namespace" | "pool">;

function watches({ settings, client, metrics, logger }: Operator) {
  const common = { client, namespaces: settings.namespaces, clock: systemClock, random: Math.random, logger };
  const restarts =
    ({ kind }: ResourceType) =>
    (cause: string) =>
      metrics.watchRestarts.inc({ kind, cause });
  const labelSelector = `${labels.managedBy}=${MANAGED_BY}`;
  const indexes = { [BY_POOL]: ({ namespace, pool }: Owned) => [poolKey({ namespace, name: pool })] };
  const owned = <T extends Owned>(type: ResourceType, transform: (raw: never) => T | undefined) =>
    new Informer({ ...common, type, labelSelector, transform, indexes, onRestart: restarts(type) });
  return {
    pools: new Informer({
      ...common,
      type: avatarPools,
      transform: (raw: KubeObject, before: PoolView | undefined) => poolView(raw, FINALIZER, before),
      onRestart: restarts(avatarPools),
    }),
    deployments: owned(deployments, deploymentView),
    replicaSets: owned(replicaSets, replicaSetView),
    pods: owned(pods, podView),
    budgets: owned(disruptionBudgets, ownedView),
    policies: owned(networkPolicies, ownedView),
  };
}

/** Controllers of their own: an object that cannot be written must not block scaling. */
function ownedObjectControllers(
  { settings, metrics, logger }: Operator,
  { pools, budgets, policies }: ReturnType<typeof watches>,
  client: PoolClient,
  refusals: Refusals,
) {
  const peers = settings.workerPeers;
  const controllerOf = (name: string, objects: typeof budgets, options: Pick<OwnedObjectOptions, "type" | "ownedBy">) => {
    const controller = new Controller({
      name,
      concurrency: OWNED_CONCURRENCY,
      reconcile: ownedObjectReconciler({ client, refusals, pools: pools.store, objects: objects.store, ...options }),
      clock: systemClock,
      random: Math.random,
      logger,
      metrics,
    });
    pools.onChange((key) => controller.enqueue(key));
    objects.onChange((_key, after, before) => enqueueOwner(controller, after ?? before));
    return async (signal: AbortSignal) => {
      // Without the permission to list the objects, a request about one of them makes the pool report that.
      await withDeadline(systemClock, OWNED_LIST_MS, (limit) => objects.whenSynced(limit), signal).catch(() => {});
      await controller.run(signal);
    };
  };
  return [
    controllerOf("disruption-budget", budgets, {
      type: disruptionBudgets,
      ownedBy: (pool) => ({ object: workerDisruptionBudget(pool), isNeeded: true }),
    }),
    controllerOf("network-policy", policies, {
      type: networkPolicies,
      ownedBy: (pool) => ({
        object: workerNetworkPolicy(pool, peers),
        isNeeded: pool.networkPolicy.enabled && peers.length > 0,
      }),
    }),
  ];
}
