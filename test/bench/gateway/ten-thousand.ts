import { setTimeout as sleep } from "node:timers/promises";
import { pickEndpoint } from "../../../operator/gateway/workers/endpoint-picker.ts";
import { Shares } from "../../../operator/gateway/workers/shares.ts";
import { WorkerTable } from "../../../operator/gateway/workers/worker-table.ts";
import { systemClock } from "../../../operator/runtime/clock.ts";
import { seededRandom } from "../../support/fleet/random.ts";
import { testPool, testRecord } from "../../support/gateway/pool.ts";
import type { ScenarioResult } from "../figures.ts";
import { cpuOf, memoryOf } from "../usage.ts";
import { startLightWorkers } from "./control.ts";
import { startBenchGateway } from "./gateway-process.ts";

const WORKERS = 10_000;
const SLOTS = 8;
const MEASURE_MS = 30_000;
/** Sessions on about a thousand workers; the others are idle. */
const BUSY_SLOTS = 1_000;

/** One gateway with ten thousand workers, all in its share: time of a pick, memory, and cost of polling. */
export async function tenThousandWorkers(): Promise<ScenarioResult> {
  await using workers = await startLightWorkers(WORKERS);
  await workers.tell({ slots: SLOTS, heldSessions: BUSY_SLOTS });
  await using gateway = await startBenchGateway({ count: WORKERS, slots: SLOTS });
  // The connections of the first probes close in the meantime.
  await sleep(10_000);
  const probesBefore = (await workers.counts()).probes;
  const cpuBefore = await cpuOf(gateway.pid);
  const startedMs = performance.now();
  await sleep(MEASURE_MS);
  const cores = ((await cpuOf(gateway.pid)) - cpuBefore) / ((performance.now() - startedMs) / 1_000);
  const probes = (await workers.counts()).probes - probesBefore;
  const memory = await memoryOf(gateway);
  const picks = pickTimesUs();
  return {
    figures: [
      { name: "pick among 10,000 workers, p99 (us)", value: picks.p99, limit: 50 },
      { name: "resident memory at most (MB)", value: memory.peakMb, limit: 250 },
      { name: "core share of polling", value: Number(cores.toFixed(3)), limit: 0.2 },
    ],
    details: {
      picks,
      residentMb: memory.residentMb,
      probesPerSecond: Math.round((probes / MEASURE_MS) * 1_000),
      busySlots: BUSY_SLOTS,
      allSeenAfterMs: gateway.readyAfterMs,
    },
  };
}

/** Times of picks in µs, between reservations and releases, with workers of every occupancy. */
function pickTimesUs() {
  const pool = testPool();
  const table = new WorkerTable({ findPool: () => pool, clock: systemClock });
  table.share(new Shares("http://a", ["http://a", "http://b", "http://c"]));
  const random = seededRandom(1, "picks");
  for (let index = 0; index < WORKERS; index += 1) {
    const worker = table.upsert(testRecord(`w${index}`));
    const sessions = Math.floor(random() * (SLOTS + 1));
    worker.probed(worker.probeStarts(), { kind: sessions === SLOTS ? "full" : "ready", sessions, slots: SLOTS });
  }
  const wanted = { groups: ["gpu"], preset: "maya", tried: new Set<string>() };
  const times: number[] = [];
  for (let round = 0; round < 50_000; round += 1) {
    const fromNs = process.hrtime.bigint();
    const picked = pickEndpoint(table.endpoints("avatars/support"), wanted);
    times.push(Number(process.hrtime.bigint() - fromNs) / 1_000);
    const reservation = picked?.worker.reserve();
    if (random() < 0.9) reservation?.release();
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1));
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
