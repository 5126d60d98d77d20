import { type PoolConfig, poolKey } from "../../../operator/api/pool-config.ts";
import { admit } from "../../../operator/gateway/admission/admit.ts";
import type { Peers } from "../../../operator/gateway/claims/claims.ts";
import { GatewayCore } from "../../../operator/gateway/core.ts";
import { LaunchError } from "../../../operator/gateway/errors.ts";
import { type LaunchTrace, newTrace } from "../../../operator/gateway/launch/launch-trace.ts";
import { Shares } from "../../../operator/gateway/workers/shares.ts";
import type { WorkerRecord } from "../../../operator/gateway/workers/worker-record.ts";
import { systemClock } from "../../../operator/runtime/clock.ts";
import { gatewayMetrics } from "../../../operator/telemetry/gateway-metrics.ts";
import { createRegistry } from "../../../operator/telemetry/metrics.ts";
import { HttpWorkerClient } from "../../../operator/workers/client.ts";
import { noCloud } from "../../support/gateway/no-cloud.ts";
import { testPool, testRecord } from "../../support/gateway/pool.ts";
import { addressesOf } from "./addresses.ts";

export interface BenchGateways extends AsyncDisposable {
  readonly cores: readonly GatewayCore[];
  readonly pool: PoolConfig;
  /** Resolves when every gateway has observed the wanted readiness of every worker. */
  untilSeen(ready: boolean): Promise<void>;
  /** @returns status 200, or the status of the error. */
  launch(gateway: number, room: string, client?: string): Promise<{ readonly status: number; readonly trace: LaunchTrace }>;
}

/** Gateways without their HTTP server, in this process, with real connections to the workers. */
export function benchGateways(count: number, workers: { readonly count: number; readonly slots: number }): BenchGateways {
  const pool = testPool({
    workers: [{ name: "gpu", engine: "expression", sessionsPerWorker: workers.slots, max: 5_000 }],
    presets: [{ name: "maya", image: { url: "https://example.com/maya.jpg" } }],
    launch: { queue: { length: 2_000, deadline: "60s" } },
  });
  const names = Array.from({ length: count }, (_, at) => `http://10.0.0.${at}:8081`);
  const clients = names.map(() => new HttpWorkerClient());
  const cores: GatewayCore[] = [];
  for (const [at, self] of names.entries()) {
    const shares = new Shares(self, names);
    // The network cost of a claim is not measured.
    const coreOf = (peer: string) => cores[names.indexOf(peer)];
    const peers: Peers = {
      self,
      others: names.filter((name) => name !== self),
      keepers: (room, keepers) => shares.keepers(room, keepers),
      claim: async (peer, claim) => coreOf(peer)?.claim(claim) ?? { kind: "granted", ticket: systemClock.now(), others: [] },
      supersede: async (peer, message) => (await coreOf(peer)?.supersede(message)) ?? [],
      answer: async (peer, launch) => (await coreOf(peer)?.peerAnswer(launch)) ?? { kind: "none" },
    };
    const directory = { pool: () => pool, pools: () => [pool], synced: true };
    const metrics = gatewayMetrics(createRegistry({ process: false }));
    const client = clients[at];
    if (client === undefined) continue;
    const deps = { clock: systemClock, random: Math.random, client, directory, metrics, peers, overflow: noCloud };
    const core = new GatewayCore(deps);
    cores.push(core);
    core.share(shares);
    for (const [index, ip] of addressesOf(workers.count).entries()) core.workerChanged(recordOf(index, ip), undefined);
  }
  let order = 0;
  return {
    cores,
    pool,
    untilSeen: async (ready) => {
      const seen = (core: GatewayCore) => core.state(poolKey(pool))?.workers.every((worker) => worker.ready === ready) ?? false;
      while (!cores.every(seen)) await new Promise((resolve) => setTimeout(resolve, 2_000));
    },
    launch: async (gateway, room, client = "") => {
      order += 1;
      const arrivedMs = systemClock.now();
      const trace = newTrace(arrivedMs);
      const fields = { livekit_url: "wss://x", livekit_token: "t", room_name: room, avatar_id: "maya" };
      const request = admit(pool, { fields: new Map(Object.entries(fields)), file: undefined }, undefined);
      const arrival = { order, arrivedMs, client, traceContext: {}, signal: new AbortController().signal, trace };
      try {
        const answer = await cores[gateway % cores.length]?.launch(pool, request, arrival);
        return { status: answer?.status ?? 0, trace };
      } catch (error) {
        if (!(error instanceof LaunchError)) throw error;
        return { status: error.status, trace };
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const core of cores) core.stop();
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

function recordOf(index: number, ip: string): WorkerRecord {
  return testRecord(`support-gpu-7d9c8b6f5d-${String(index).padStart(5, "0")}`, { ip });
}
