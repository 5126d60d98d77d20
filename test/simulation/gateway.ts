import { Writable } from "node:stream";
import { type LoadReport, loadReportSchema } from "../../operator/api/load-report.ts";
import { type PoolConfig, poolConfig } from "../../operator/api/pool-config.ts";
import type { LaunchRequest } from "../../operator/engines/index.ts";
import { poolDeleting } from "../../operator/gateway/admission/admit.ts";
import { GatewayCore } from "../../operator/gateway/core.ts";
import { LaunchError } from "../../operator/gateway/errors.ts";
import { newTrace } from "../../operator/gateway/launch/launch-trace.ts";
import { streamLoad } from "../../operator/gateway/load/load-stream.ts";
import { directoryOf, follow } from "../../operator/gateway/workers/directory.ts";
import { type WorkerRecord, workerRecord } from "../../operator/gateway/workers/worker-record.ts";
import type { Clock, Random } from "../../operator/runtime/clock.ts";
import { gatewayMetrics } from "../../operator/telemetry/gateway-metrics.ts";
import { createRegistry } from "../../operator/telemetry/metrics.ts";
import type { WorkerAnswer } from "../../operator/workers/answers.ts";
import { noCloud } from "../support/gateway/no-cloud.ts";
import type { SimApi } from "./api.ts";
import type { SimPeers } from "./peers.ts";
import { SimProcess } from "./process.ts";
import { LaggingView, once } from "./watched.ts";
import type { SimWorkers } from "./workers.ts";

export interface SimGatewayOptions {
  readonly name: string;
  readonly clock: Clock;
  /** Error of its machine's clock. */
  readonly wrongByMs: number;
  readonly random: Random;
  readonly api: SimApi;
  readonly workers: SimWorkers;
  readonly peers: SimPeers;
  /** Every line of its load streams. */
  readonly onReport: (line: string) => void;
}

/** A launch as the HTTP server would pass it to the gateway. */
export interface ClientLaunch {
  readonly pool: string;
  readonly room: string;
  readonly token: string;
  readonly apiSecret: string | undefined;
  /** A preset's name; undefined for the client's own face image. */
  readonly preset: string | undefined;
  readonly signal: AbortSignal;
}

/** One gateway process: the real gateway without its sockets. */
export class SimGateway {
  readonly process: SimProcess;
  readonly registry = createRegistry({ process: false });
  readonly core: GatewayCore;
  readonly views: readonly [LaggingView<PoolConfig>, LaggingView<WorkerRecord>];
  readonly #options: SimGatewayOptions;
  readonly #unfollow: () => void;
  #launches = 0;
  /** Launches that did not find a warm slot at once, by outcome. */
  #missed = 0;

  constructor(options: SimGatewayOptions) {
    this.#options = options;
    const { clock, random, api, workers, peers } = options;
    this.process = new SimProcess(options.name, clock, options.wrongByMs);
    const pools = new LaggingView<PoolConfig>(clock, random, poolOf);
    const pods = new LaggingView<WorkerRecord>(clock, random, recordOf);
    this.views = [pools, pods];
    this.core = new GatewayCore({
      clock: this.process.clock,
      random,
      client: workers.client(this.process),
      directory: directoryOf(pools, pods),
      metrics: gatewayMetrics(this.registry),
      overflow: noCloud,
      peers: peers.seenBy(this.process),
    });
    peers.joined(this);
    this.#unfollow = follow(this.core, pools, pods);
    api.watch("avatarpools", pools);
    api.watch("pods", pods);
  }

  get name(): string {
    return this.process.name;
  }

  async launch({ pool: key, room, token, apiSecret, preset, signal }: ClientLaunch): Promise<WorkerAnswer> {
    const pool = this.views[0].store.get(key);
    if (pool === undefined) throw new LaunchError(404, "pool_not_found", `there is no pool ${key}`);
    if (pool.deletedAtMs !== undefined) throw poolDeleting(pool);
    const asset = pool.presets.find(({ name }) => name === preset);
    if (preset !== undefined && asset === undefined) throw new LaunchError(404, "preset_not_found", `no preset ${preset}`);
    const request: LaunchRequest = {
      livekitUrl: "ws://livekit",
      livekitToken: token,
      roomName: room,
      avatar: asset === undefined ? { kind: "imageUrl", url: "https://example.com/own.jpg" } : { kind: "preset", ...asset },
      asyncMode: true,
      ...(apiSecret === undefined ? {} : { apiSecret }),
    };
    const arrivedMs = this.process.clock.now();
    const trace = newTrace(arrivedMs);
    const arrival = { order: ++this.#launches, arrivedMs, client: "", traceContext: {}, signal, trace };
    const launching = this.core.launch(pool, request, arrival);
    const refused = await launching.then(
      () => false,
      (error: unknown) => error instanceof LaunchError && (error.code === "queue_full" || error.code === "deadline_exceeded"),
    );
    if (trace.path === "queued" || trace.path === "cold" || refused) this.#missed += 1;
    const launches = Object.values(this.core.state(key)?.launches ?? {});
    const counted = launches.reduce((sum, { missed }) => sum + missed, 0);
    if (launches.length > 0 && counted < this.#missed)
      throw new Error(`${this.#missed} launches missed a warm slot, but ${counted} are counted`);
    return launching;
  }

  /** Opens a load stream. @returns a function that breaks it. */
  openStream(onLine: (report: LoadReport) => void): () => void {
    const { clock, random, onReport } = this.#options;
    let lastDueMs = 0;
    const out = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        lastDueMs = Math.max(lastDueMs, clock.now() + random() * 20);
        clock.schedule(lastDueMs - clock.now(), () => {
          if (out.destroyed) return;
          const line = chunk.toString();
          onReport(line);
          onLine(loadReportSchema.parse(JSON.parse(line)));
        });
        done();
      },
    });
    streamLoad({ gateway: this.name, clock: this.process.clock, source: this.core }, out);
    return () => out.destroy();
  }

  /** The process ends: at once, or after it has responded to waiting launches. */
  stop(): void {
    this.process.alive = false;
    this.#options.peers.left(this.name);
    this.#unfollow();
    this.core.stop();
    for (const view of this.views) this.#options.api.unwatch<unknown>(view as never);
  }
}

const poolOf = once(poolConfig);
const recordOf = once(workerRecord);
