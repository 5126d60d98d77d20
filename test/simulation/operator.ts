import { FINALIZER } from "../../operator/api/names.ts";
import { poolKey } from "../../operator/api/pool-config.ts";
import { whileLeading } from "../../operator/kube/while-leading.ts";
import { type PoolControllers, poolControllers } from "../../operator/pool/controllers.ts";
import { BY_POOL } from "../../operator/pool/gather/build-snapshot.ts";
import { LoadHub } from "../../operator/pool/load/load-hub.ts";
import type { PoolMemory } from "../../operator/pool/memory.ts";
import { type ReplicaSetView, replicaSetView } from "../../operator/pool/replica-sets.ts";
import type { PoolEvent } from "../../operator/pool/report/reporter.ts";
import { type DeploymentView, deploymentView, type PodView, type PoolView, podView, poolView } from "../../operator/pool/views.ts";
import { WorkerCalls } from "../../operator/pool/warmup/worker-calls.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";
import { createRegistry } from "../../operator/telemetry/metrics.ts";
import { operatorMetrics } from "../../operator/telemetry/operator-metrics.ts";
import type { SimApi } from "./api.ts";
import type { SimGateway } from "./gateway.ts";
import { SimProcess } from "./process.ts";
import { LaggingView, once } from "./watched.ts";
import type { SimWorkers } from "./workers.ts";

export interface SimOperatorOptions {
  readonly name: string;
  /** The version of AvatarPool that it runs. */
  readonly image: string;
  readonly clock: Clock;
  /** Error of its machine's clock. */
  readonly wrongByMs: number;
  readonly random: Random;
  readonly api: SimApi;
  readonly workers: SimWorkers;
  readonly onEvent: (event: PoolEvent) => void;
  readonly onLog: (line: string) => void;
}

/** Time for which a leader continues without renewing its lease. Others wait longer. */
const RENEW_DEADLINE_MS = 10_000;

/** One leading operator: the real controllers over simulated watches. */
export class SimOperator {
  readonly process: SimProcess;
  readonly registry = createRegistry({ process: false });
  readonly startedMs: number;
  readonly views: readonly [LaggingView<PoolView>, LaggingView<DeploymentView>, LaggingView<PodView>, LaggingView<ReplicaSetView>];
  readonly #options: SimOperatorOptions;
  readonly #hub = new LoadHub();
  readonly #stop = new AbortController();
  readonly #controllers: PoolControllers;
  /** Time of its last renewal of the lease; undefined while it renews regularly. */
  #renewedMs: number | undefined;
  /** By name of the gateway: a function that breaks the stream. */
  readonly #streams = new Map<string, () => void>();

  constructor(options: SimOperatorOptions) {
    this.#options = options;
    const { random, api, workers } = options;
    this.startedMs = options.clock.now();
    this.process = new SimProcess(options.name, options.clock, options.wrongByMs);
    const { clock } = this.process;
    const byPool = {
      [BY_POOL]: ({ namespace, pool }: { namespace: string; pool: string }) => [poolKey({ namespace, name: pool })],
    };
    const pools = new LaggingView<PoolView>(clock, random, viewOfPool);
    const deployments = new LaggingView<DeploymentView>(clock, random, viewOfDeployment, byPool);
    const pods = new LaggingView<PodView>(clock, random, viewOfPod, byPool);
    const replicaSets = new LaggingView<ReplicaSetView>(clock, random, viewOfReplicaSet, byPool);
    this.views = [pools, deployments, pods, replicaSets];
    const controllers = poolControllers({
      client: whileLeading(api.client(this.process) as never, this.#stop.signal, () => this.#holdsLease),
      events: { list: async () => ({ items: [], resourceVersion: "1" }) },
      pools,
      deployments,
      replicaSets,
      pods,
      hub: this.#hub,
      workers: new WorkerCalls(workers.client(this.process), this.process.clock),
      sidecarImage: options.image,
      record: options.onEvent,
      metrics: operatorMetrics(this.registry),
      clock: this.process.clock,
      random,
      logger: createLogger("operator", "debug", { write: options.onLog }),
    });
    this.#controllers = controllers;
    api.watch("avatarpools", pools);
    api.watch("deployments", deployments);
    api.watch("pods", pods);
    api.watch("replicasets", replicaSets);
    void controllers.run(this.#stop.signal);
  }

  /** The forecast for a pool, by serving set. */
  forecast(key: string): PoolMemory["forecast"] | undefined {
    return this.#controllers.memory(key)?.forecast;
  }

  /** Sets the gateways of the EndpointSlice. The operator opens streams to new ones and closes streams to removed ones. */
  setGateways(gateways: readonly SimGateway[]): void {
    const names = gateways.map(({ name }) => name);
    this.#hub.setGateways(names, this.process.clock.now());
    for (const name of [...this.#streams.keys()]) if (!names.includes(name)) this.#close(name);
    for (const gateway of gateways) if (!this.#streams.has(gateway.name)) this.#open(gateway);
  }

  /** Breaks the connection to a gateway for a while. */
  breakStream(gateway: SimGateway, forMs: number): void {
    this.#close(gateway.name);
    this.#hub.disconnected(gateway.name, this.process.clock.now());
    this.#options.clock.schedule(forMs, () => {
      if (this.process.alive && gateway.process.alive && !this.#streams.has(gateway.name)) this.#open(gateway);
    });
  }

  /** A gateway died: its stream ends, but it stays listed for a while. */
  lostGateway(name: string): void {
    this.#close(name);
    this.#hub.disconnected(name, this.process.clock.now());
  }

  /**
   * Its machine is suspended for longer than its lease. When it resumes, its own timer shows that it does not lead any
   * more, and its process ends a little later.
   */
  freeze(forMs: number, renewedMs: number, endsAfterMs: number): void {
    const { clock } = this.process;
    this.#renewedMs = clock.now() - renewedMs;
    clock.schedule(RENEW_DEADLINE_MS - renewedMs, () => {
      this.#stop.abort();
      clock.schedule(endsAfterMs, () => this.kill());
    });
    this.process.freeze(forMs);
  }

  get #holdsLease(): boolean {
    return this.#renewedMs === undefined || this.process.clock.now() - this.#renewedMs < RENEW_DEADLINE_MS;
  }

  /** SIGKILL: unfinished work stays unfinished. */
  kill(): void {
    this.process.alive = false;
    for (const view of this.views) this.#options.api.unwatch<unknown>(view as never);
    for (const name of [...this.#streams.keys()]) this.#close(name);
    this.#stop.abort();
  }

  #open(gateway: SimGateway): void {
    const close = gateway.openStream(async (report) => {
      await this.process.asleep;
      for (const key of this.#hub.accept(gateway.name, report, this.process.clock.now())) this.#controllers.enqueue(key);
    });
    this.#streams.set(gateway.name, close);
  }

  #close(name: string): void {
    this.#streams.get(name)?.();
    this.#streams.delete(name);
  }
}

const viewOfPool = once((raw: object, before: PoolView | undefined) => poolView(raw, FINALIZER, before));
const viewOfDeployment = once(deploymentView);
const viewOfReplicaSet = once(replicaSetView);
const viewOfPod = once(podView);
