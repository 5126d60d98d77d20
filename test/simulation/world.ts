import { Writable } from "node:stream";
import { loadReportSchema } from "../../operator/api/load-report.ts";
import { annotations, FINALIZER, labels } from "../../operator/api/names.ts";
import { type PoolConfig, poolKey, resolvePool } from "../../operator/api/pool-config.ts";
import { type AvatarPool, avatarPoolSchema } from "../../operator/api/v1alpha1/index.ts";
import type { LaunchRequest } from "../../operator/engines/index.ts";
import { GatewayCore } from "../../operator/gateway/core.ts";
import { directoryOf, follow } from "../../operator/gateway/directory.ts";
import { LaunchError } from "../../operator/gateway/launch-error.ts";
import { newTrace } from "../../operator/gateway/launch-trace.ts";
import { streamLoad } from "../../operator/gateway/load-stream.ts";
import { type WorkerRecord, workerRecord } from "../../operator/gateway/worker-record.ts";
import { poolControllers } from "../../operator/pool/controllers.ts";
import { LoadHub } from "../../operator/pool/load-hub.ts";
import { BY_POOL } from "../../operator/pool/observe.ts";
import { type DeploymentView, deploymentView, type PodView, type PoolView, podView, poolView } from "../../operator/pool/views.ts";
import { WorkerCalls } from "../../operator/pool/worker-calls.ts";
import { createLogger } from "../../operator/telemetry/logger.ts";
import { createRegistry, gatewayMetrics, operatorMetrics } from "../../operator/telemetry/metrics.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { seededRandom } from "../support/fleet/random.ts";
import { SimCluster } from "./cluster.ts";
import { LaggingView } from "./watched.ts";
import { SimWorkers } from "./workers.ts";

/** What one launch came to. */
export interface LaunchRecord {
  readonly room: string;
  readonly atMs: number;
  outcome: "waiting" | "session" | "refused" | "failed";
  answeredAtMs: number;
  code: string;
}

interface SimGateway {
  readonly core: GatewayCore;
  readonly views: { readonly pools: LaggingView<PoolConfig>; readonly workers: LaggingView<WorkerRecord> };
  readonly unfollow: () => void;
  readonly name: string;
}

interface SimOperator {
  readonly stop: AbortController;
  readonly done: Promise<void>;
  readonly views: readonly LaggingView<unknown>[];
  readonly streams: readonly Writable[];
}

export interface WorldOptions {
  readonly seed: number;
  /** The pool's spec, as a user writes it. */
  readonly spec: Record<string, unknown>;
  readonly gateways: number;
  /** Workers that find a node. */
  readonly capacity: number;
  readonly coldStartMs: number;
  readonly sessionMs: number;
}

/**
 * A seeded world: the real controllers and the real gateways on a fake clock, over simulated watches that lag, a simulated
 * API server and simulated workers. It notes every broken promise as it happens.
 */
export class World {
  readonly clock = new FakeClock();
  readonly launches: LaunchRecord[] = [];
  readonly violations: string[] = [];
  readonly cluster: SimCluster;
  readonly workers: SimWorkers;
  readonly pool: PoolConfig;
  writes = 0;
  readonly #options: WorldOptions;
  readonly #gateways: SimGateway[] = [];
  #operator: SimOperator | undefined;
  #launched = 0;
  #generation = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { clock } = this;
    const sessions = this.random("sessions");
    this.workers = new SimWorkers(clock, this.random("network"), () => options.sessionMs * (0.2 + 1.6 * sessions()));
    const raw = poolObject(options.spec, new Date(clock.now()).toISOString());
    this.pool = resolvePool(raw);
    const starts = this.random("starts");
    this.cluster = new SimCluster({
      clock,
      random: this.random("cluster"),
      workers: this.workers,
      capacity: options.capacity,
      slotsOf: (group) => this.pool.groups.find(({ name }) => name === group)?.slotsPerWorker ?? 1,
      coldStartMs: () => options.coldStartMs * (0.7 + 0.6 * starts()),
      onWrite: (_verb, plural, _existing, next) => this.#written(plural, next),
      onEnded: (pod, count, why) => this.#broken(`${pod} goes with ${count} sessions: ${why}`),
    });
    this.cluster.create("avatarpools", structuredClone(raw) as never);
    for (let index = 0; index < options.gateways; index++) this.#addGateway();
    this.startOperator();
  }

  random(name: string): () => number {
    return seededRandom(this.#options.seed, name);
  }

  /** Moves time, looking at the promises on the way. */
  async run(ms: number): Promise<void> {
    const endMs = this.clock.now() + ms;
    while (this.clock.now() < endMs) {
      await this.clock.advance(Math.min(500, endMs - this.clock.now()));
      this.#look();
    }
  }

  /** A client's launch through one of the gateways. */
  launch(preset: string): void {
    const gateway = this.#gateways[this.#launched % this.#gateways.length];
    if (gateway === undefined) return;
    const record: LaunchRecord = {
      room: `room-${++this.#launched}`,
      atMs: this.clock.now(),
      outcome: "waiting",
      answeredAtMs: 0,
      code: "",
    };
    this.launches.push(record);
    const asset = this.pool.presets.find(({ name }) => name === preset)?.asset;
    if (asset === undefined) throw new Error(`the pool has no preset ${preset}`);
    const request: LaunchRequest = {
      livekitUrl: "ws://livekit",
      livekitToken: "token",
      roomName: record.room,
      avatar: { kind: "preset", name: preset, asset },
      asyncMode: true,
    };
    const arrival = {
      order: this.#launched,
      client: "",
      traceContext: {},
      signal: new AbortController().signal,
      trace: newTrace(this.clock.now()),
    };
    const settle = (outcome: LaunchRecord["outcome"], code: string) => {
      if (record.outcome !== "waiting") this.#broken(`${record.room} was answered twice`);
      Object.assign(record, { outcome, code, answeredAtMs: this.clock.now() });
      if (code === "deadline_exceeded") this.#checkRefusal(record);
    };
    gateway.core.launch(this.pool, request, arrival).then(
      () => settle("session", ""),
      (error: unknown) =>
        error instanceof LaunchError
          ? settle(error.status === 503 ? "refused" : "failed", error.code)
          : settle("failed", String(error)),
    );
  }

  startOperator(): void {
    const { clock } = this;
    const random = this.random(`operator-${++this.#generation}`);
    const byPool = {
      [BY_POOL]: ({ namespace, pool }: { namespace: string; pool: string }) => [poolKey({ namespace, name: pool })],
    };
    const pools = this.cluster.watch("avatarpools", new LaggingView<PoolView>(clock, random, (raw) => poolView(raw, FINALIZER)));
    const deployments = this.cluster.watch("deployments", new LaggingView<DeploymentView>(clock, random, deploymentView, byPool));
    const pods = this.cluster.watch("pods", new LaggingView<PodView>(clock, random, podView, byPool));
    const hub = new LoadHub();
    const logger = createLogger("operator", "silent");
    const controllers = poolControllers({
      client: this.cluster.client,
      pools,
      deployments,
      pods,
      hub,
      workers: new WorkerCalls(this.workers, clock),
      sidecarImage: "avatarpool:test",
      record: () => {},
      metrics: operatorMetrics(createRegistry({ process: false })),
      clock,
      random,
      logger,
    });
    hub.setGateways(
      this.#gateways.map(({ name }) => name),
      clock.now(),
    );
    const streams = this.#gateways.map((gateway) => this.#openStream(gateway, hub, random, (key) => controllers.enqueue(key)));
    for (const key of pools.store.keys()) controllers.enqueue(key);
    const stop = new AbortController();
    this.#operator = { stop, done: controllers.run(stop.signal), views: [pools, deployments, pods] as never, streams };
  }

  /** SIGKILL: whatever it was doing stays half done. */
  async killOperator(): Promise<void> {
    const operator = this.#operator;
    if (operator === undefined) return;
    this.#operator = undefined;
    for (const view of operator.views) view.close();
    for (const stream of operator.streams) stream.destroy();
    operator.stop.abort();
    await this.clock.advance(50);
    await operator.done;
  }

  async stop(): Promise<void> {
    await this.killOperator();
    for (const { core, unfollow } of this.#gateways) {
      unfollow();
      core.stop();
    }
  }

  /** Replicas that the Deployment of a group asks for. */
  replicas(group: string): number | undefined {
    const deployment = [...(this.cluster.objects.deployments?.values() ?? [])].find(
      (object) => (object.metadata.labels as Record<string, string>)[labels.group] === group,
    );
    return (deployment?.spec as { replicas: number } | undefined)?.replicas;
  }

  #addGateway(): void {
    const { clock } = this;
    const name = `gateway-${this.#gateways.length}`;
    const random = this.random(name);
    const pools = this.cluster.watch(
      "avatarpools",
      new LaggingView<PoolConfig>(clock, random, (raw: object) => resolvePool(avatarPoolSchema.parse(raw))),
    );
    const workers = this.cluster.watch("pods", new LaggingView<WorkerRecord>(clock, random, workerRecord));
    const directory = directoryOf(pools, workers);
    const core = new GatewayCore({
      clock,
      random,
      client: this.workers,
      directory,
      metrics: gatewayMetrics(createRegistry({ process: false })),
    });
    this.#gateways.push({ core, views: { pools, workers }, unfollow: follow(core, pools, workers), name });
  }

  #openStream(gateway: SimGateway, hub: LoadHub, random: () => number, onChange: (key: string) => void): Writable {
    const { clock } = this;
    let lastDueMs = 0;
    const out = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lastDueMs = Math.max(lastDueMs, clock.now() + random() * 20);
        clock.schedule(lastDueMs - clock.now(), () => {
          if (out.destroyed) return;
          const report = loadReportSchema.parse(JSON.parse(chunk.toString()));
          for (const key of hub.accept(gateway.name, report, clock.now())) onChange(key);
        });
        done();
      },
    });
    streamLoad({ gateway: gateway.name, clock, source: gateway.core }, out);
    return out;
  }

  /** Promise 4, at every write: min <= replicas <= max. */
  #written(plural: string, next: Record<string, unknown>): void {
    this.writes++;
    const replicas = (next.spec as { replicas?: number } | undefined)?.replicas;
    if (plural !== "deployments" || replicas === undefined) return;
    const name = (next.metadata as { name: string } | undefined)?.name;
    const group = this.pool.groups.find(({ deploymentName }) => deploymentName === name);
    if (group === undefined) return;
    if (replicas < group.min || replicas > group.max)
      this.#broken(`${name} was given ${replicas} replicas, outside ${group.min}..${group.max}`);
  }

  /** Promise 3, at every refusal: no slot was free that every gateway must have known of. */
  #checkRefusal(record: LaunchRecord): void {
    const settledMs = 3_000;
    for (const pod of this.cluster.pods()) {
      const worker = this.workers.byIp.get((pod.status as { podIP?: string }).podIP ?? "");
      const cordoned = (pod.metadata.annotations as Record<string, string> | undefined)?.[annotations.cordoned] !== undefined;
      if (worker === undefined || pod.metadata.deletionTimestamp !== undefined || cordoned) continue;
      if (worker.readyAtMs + settledMs < this.clock.now() && worker.active + 1 < worker.slots)
        this.#broken(`${record.room} was refused while ${pod.metadata.name} had ${worker.slots - worker.active} free slots`);
    }
  }

  /** Promise 2, at every step: no launch has two sessions, and none waits past its deadline. */
  #look(): void {
    for (const [room, count] of this.workers.started) if (count > 1) this.#broken(`${room} has ${count} sessions`);
    for (const launch of this.launches) {
      const overdueMs = this.clock.now() - launch.atMs - this.pool.launch.queueDeadlineMs;
      if (launch.outcome === "waiting" && overdueMs > 61_000)
        this.#broken(`${launch.room} still waits ${overdueMs} ms after its deadline`);
    }
  }

  #broken(what: string): void {
    if (this.violations.length < 20)
      this.violations.push(`at ${((this.clock.now() - this.launchesStartMs) / 1_000).toFixed(1)} s: ${what}`);
  }

  private readonly launchesStartMs = this.clock.now();
}

function poolObject(spec: Record<string, unknown>, nowText: string): AvatarPool {
  return avatarPoolSchema.parse({
    apiVersion: "avatarpool.dev/v1alpha1",
    kind: "AvatarPool",
    metadata: {
      name: "support",
      namespace: "avatars",
      uid: "pool-1",
      generation: 1,
      resourceVersion: "1",
      creationTimestamp: nowText,
    },
    spec,
  });
}
