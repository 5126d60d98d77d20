import { setTimeout as sleep } from "node:timers/promises";
import { HttpWorkerClient } from "../../../operator/workers/client.ts";
import { encodeForm } from "../../../operator/workers/form.ts";
import { seededRandom } from "../../support/fleet/random.ts";
import type { ScenarioResult } from "../figures.ts";
import { addressesOf, WORKER_PORT } from "./addresses.ts";
import { benchGateways } from "./bench-gateways.ts";
import { startLightWorkers, type WorkerCounts } from "./control.ts";

const WORKERS = 200;
const SLOTS = 4;
const OCCUPANCY = 0.9;
const SESSION_MS = 30_000;
const MEASURE_MS = 40_000;
const GATEWAYS = 3;
const BUSY = { ready: true, slots: SLOTS, sessionMs: undefined, heldSessions: WORKERS * SLOTS * OCCUPANCY };

/** 200 workers with 90% of their slots taken, first behind three gateways, then behind a round-robin proxy. */
export async function ninetyPercent(): Promise<ScenarioResult> {
  const avatarpool = await gatewaysAt();
  const roundRobin = await roundRobinAt();
  return {
    figures: [
      { name: "503s that clients got from three gateways", value: avatarpool.refused, limit: 0 },
      { name: "worker requests per launch", value: avatarpool.requestsPerLaunch, limit: 1.1 },
    ],
    details: { avatarpool, roundRobin },
  };
}

async function gatewaysAt() {
  await using workers = await startLightWorkers(WORKERS);
  await workers.tell(BUSY);
  await using gateways = benchGateways(GATEWAYS, { count: WORKERS, slots: SLOTS });
  await gateways.untilSeen(true);
  const answers = await Promise.all(await arrivals((at) => gateways.launch(at, `room-${at}`)));
  const after = await workers.counts();
  const waits = answers.map(({ trace }) => trace.waitedMs).sort((a, b) => a - b);
  return {
    launches: answers.length,
    refused: answers.filter(({ status }) => status !== 200).length,
    requestsPerLaunch: Number((after.launches / answers.length).toFixed(3)),
    queued: answers.filter(({ trace }) => trace.path === "queued").length,
    waitP99Ms: waits[Math.floor(waits.length * 0.99)],
    meanOccupancy: meanOccupancy(after),
  };
}

async function roundRobinAt() {
  const addresses = addressesOf(WORKERS);
  await using workers = await startLightWorkers(WORKERS);
  await workers.tell(BUSY);
  const client = new HttpWorkerClient();
  const body = encodeForm({ fields: { room_name: "room" } });
  const answers = await Promise.all(
    await arrivals(async (at) => {
      const origin = `http://${addresses[at % WORKERS]}:${WORKER_PORT}`;
      return (await client.post(origin, "/launch", body, new AbortController().signal)).status;
    }),
  );
  await client.close();
  const refused = answers.filter((status) => status !== 200).length;
  const refusedPercent = Number(((refused / answers.length) * 100).toFixed(1));
  return { launches: answers.length, refused, refusedPercent, meanOccupancy: meanOccupancy(await workers.counts()) };
}

/** Mean share of taken slots at the arrival of a launch. */
function meanOccupancy({ sessionsSeen, launches }: WorkerCounts): number {
  return Number((sessionsSeen / launches / (WORKERS * SLOTS)).toFixed(3));
}

/** Launches at random times, at the rate that gives sessions this mean length. @returns the counts. */
async function arrivals<T>(begin: (at: number) => Promise<T>): Promise<Promise<T>[]> {
  const random = seededRandom(1, "arrivals");
  const perMs = (WORKERS * SLOTS * OCCUPANCY) / SESSION_MS;
  const begun: Promise<T>[] = [];
  const startedMs = Date.now();
  for (let dueMs = 0; dueMs < MEASURE_MS; dueMs += -Math.log(1 - random()) / perMs) {
    const waitMs = startedMs + dueMs - Date.now();
    if (waitMs > 0) await sleep(waitMs);
    begun.push(begin(begun.length));
  }
  return begun;
}
