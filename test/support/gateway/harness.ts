import type { PoolConfig } from "../../../operator/api/pool-config.ts";
import { poolKey } from "../../../operator/api/pool-config.ts";
import type { LaunchRequest } from "../../../operator/engines/index.ts";
import { admit } from "../../../operator/gateway/admission/admit.ts";
import type { Peers } from "../../../operator/gateway/claims/claims.ts";
import { GatewayCore, type GatewayCoreDeps } from "../../../operator/gateway/core.ts";
import { LaunchError } from "../../../operator/gateway/errors.ts";
import { type LaunchTrace, newTrace } from "../../../operator/gateway/launch/launch-trace.ts";
import type { WorkerRecord } from "../../../operator/gateway/workers/worker-record.ts";
import { gatewayMetrics } from "../../../operator/telemetry/gateway-metrics.ts";
import { createRegistry } from "../../../operator/telemetry/metrics.ts";
import type { WorkerClient } from "../../../operator/workers/client.ts";
import { FakeClock } from "../fake-clock.ts";
import { type FakeWorker, FakeWorkers } from "./fake-workers.ts";
import { noCloud } from "./no-cloud.ts";
import { testPool, testRecord } from "./pool.ts";

export interface LaunchResult {
  /** HTTP status of the response; 0 without a response. */
  status: number;
  code: string;
  message: string;
  retryAfterMs: number | undefined;
  readonly trace: LaunchTrace;
  /** The client closes its connection. */
  readonly leave: () => void;
}

export interface LaunchOptions {
  readonly room?: string;
  readonly client?: string;
  readonly livekitUrl?: string;
  /** Identity of the avatar in its token. */
  readonly identity?: string;
  /** Agent of the avatar in its token. */
  readonly agent?: string;
}

/** A LiveKit room token, with the fields that the gateway reads. */
export function roomToken({ identity, agent, jti }: { readonly identity: string; readonly agent?: string; readonly jti?: string }) {
  const attributes = agent === undefined ? undefined : { "lk.publish_on_behalf": agent };
  return `h.${Buffer.from(JSON.stringify({ sub: identity, jti, attributes })).toString("base64url")}.s`;
}

/** Objects that the gateways of one test share. */
export interface HarnessWorld {
  readonly clock?: FakeClock;
  readonly workers?: FakeWorkers;
  readonly peers?: Peers;
  /** This gateway's network to the workers. */
  readonly network?: WorkerClient;
  readonly viewRoom?: GatewayCoreDeps["viewRoom"];
  readonly onEvent?: GatewayCoreDeps["onEvent"];
  readonly overflow?: GatewayCoreDeps["overflow"];
  readonly readSecret?: GatewayCoreDeps["readSecret"];
  readonly dispatches?: GatewayCoreDeps["dispatches"];
}

/** A gateway with a fake clock and fake workers, without sockets and Kubernetes. */
export function gatewayHarness(pool: PoolConfig = testPool(), world: HarnessWorld = {}) {
  const clock = world.clock ?? new FakeClock();
  const fakes = world.workers ?? new FakeWorkers();
  const pools = new Map([[poolKey(pool), pool]]);
  const records = new Map<string, WorkerRecord>();
  const directory = { pool: (key: string) => pools.get(key), pools: () => pools.values(), synced: true };
  const metrics = gatewayMetrics(createRegistry());
  const core = new GatewayCore({
    clock,
    random: () => 0.5,
    client: world.network ?? fakes,
    directory,
    metrics,
    peers: world.peers,
    overflow: world.overflow ?? noCloud,
    readSecret: world.readSecret,
    viewRoom: world.viewRoom,
    onEvent: world.onEvent,
    dispatches: world.dispatches,
  });
  let order = 0;

  /** Adds a worker to the gateway's view; the gateway probes it at once. */
  async function addWorker(name: string, state: Partial<FakeWorker> = {}, record: Partial<WorkerRecord> = {}) {
    const worker = fakes.add(name, state);
    await setRecord(name, record);
    return worker;
  }

  async function setRecord(name: string, changes: Partial<WorkerRecord>) {
    const before = records.get(name);
    const after = { ...(before ?? testRecord(name)), ...changes };
    records.set(name, after);
    core.workerChanged(after, before);
    await clock.advance(0);
  }

  async function removeWorker(name: string) {
    core.workerChanged(undefined, records.get(name));
    records.delete(name);
    await clock.advance(0);
  }

  async function setPool(changed: PoolConfig | undefined) {
    if (changed === undefined) pools.delete(poolKey(pool));
    else pools.set(poolKey(pool), changed);
    core.poolChanged(poolKey(pool), changed);
    await clock.advance(0);
  }

  function request(avatar: string, room: string, who: LaunchOptions): LaunchRequest {
    const token = who.identity === undefined ? "t" : roomToken({ ...who, identity: who.identity });
    const fields = { livekit_url: who.livekitUrl ?? "wss://x", livekit_token: token, room_name: room, avatar_id: avatar };
    return admit(pool, { fields: new Map(Object.entries(fields)), file: undefined }, undefined);
  }

  /** Launches in a separate room, unless one is given, and runs everything that needs no time. */
  async function launch(avatar = "maya", options: LaunchOptions = {}): Promise<LaunchResult> {
    const gone = new AbortController();
    order += 1;
    const arrivedMs = clock.now();
    const trace = newTrace(arrivedMs);
    const result: LaunchResult = { status: 0, code: "", message: "", retryAfterMs: undefined, trace, leave: () => gone.abort() };
    const { room = `room-${order}`, client = "" } = options;
    core
      .launch(pool, request(avatar, room, options), { order, arrivedMs, client, traceContext: {}, signal: gone.signal, trace })
      .then(
        (answer) => Object.assign(result, { status: answer.status, code: "served", message: answer.body }),
        (error: unknown) => {
          if (!(error instanceof LaunchError)) throw error;
          Object.assign(result, {
            status: error.status,
            code: error.code,
            message: error.message,
            retryAfterMs: error.retryAfterMs,
          });
        },
      );
    await clock.advance(0);
    return result;
  }

  return { clock, client: fakes, core, metrics, pool, key: poolKey(pool), addWorker, setRecord, removeWorker, setPool, launch };
}
