import { setTimeout as sleep } from "node:timers/promises";
import { HttpWorkerClient } from "../../../operator/workers/client.ts";
import { encodeForm } from "../../../operator/workers/form.ts";
import { seededRandom } from "../../support/fleet/random.ts";
import type { ScenarioResult } from "../figures.ts";
import { benchGateways } from "./bench-gateways.ts";
import { addressesOf, startLightWorkers } from "./control.ts";

const WORKERS = 200;
const SLOTS = 4;
const OCCUPANCY = 0.9;
const SESSION_MS = 30_000;
const MEASURE_MS = 40_000;
const GATEWAYS = 3;

/** 200 workers whose slots are 90% taken, first behind three gateways, then behind a proxy that goes round. */
export async function ninetyPercent(): Promise<ScenarioResult> {
  const ours = await gatewaysAt();
  const roundRobin = await roundRobinAt();
  return {
    figures: [
      { name: "503s that clients got from three gateways", value: ours.refused, limit: 0 },
      { name: "worker requests per launch", value: ours.requestsPerLaunch, limit: 1.1 },
    ],
    details: { ours, roundRobin },
  };
}

async function gatewaysAt() {
  const addresses = addressesOf(WORKERS);
  await using workers = await startLightWorkers();
  await using gateways = benchGateways(GATEWAYS, { addresses, port: workers.port, slots: SLOTS });
  await workers.tell(busy(addresses));
  await gateways.untilSeen(true);
  await sleep(2_000);
  const before = await workers.counts();
  const answers = await Promise.all(await arrivals((at) => gateways.launch(at, `room-${at}`)));
  const after = await workers.counts();
  const waits = answers.map(({ trace }) => trace.waitedMs).sort((a, b) => a - b);
  return {
    launches: answers.length,
    refused: answers.filter(({ status }) => status !== 200).length,
    requestsPerLaunch: Number(((after.launches - before.launches) / answers.length).toFixed(3)),
    queued: answers.filter(({ trace }) => trace.path === "queued").length,
    waitP99Ms: waits[Math.floor(waits.length * 0.99)],
    sessionsAtEnd: after.sessions,
  };
}

async function roundRobinAt() {
  const addresses = addressesOf(WORKERS);
  await using workers = await startLightWorkers();
  await workers.tell(busy(addresses));
  const client = new HttpWorkerClient();
  const body = encodeForm({ fields: { room_name: "room" } });
  const answers = await Promise.all(
    await arrivals(async (at) => {
      const origin = `http://${addresses[at % WORKERS]}:${workers.port}`;
      return (await client.post(origin, "/launch", body, new AbortController().signal)).status;
    }),
  );
  await client.close();
  const refused = answers.filter((status) => status !== 200).length;
  return { launches: answers.length, refused, refusedPercent: Number(((refused / answers.length) * 100).toFixed(1)) };
}

function busy(addresses: readonly string[]) {
  const busySlots = WORKERS * SLOTS * OCCUPANCY;
  return { ready: true, slots: SLOTS, sessionMs: SESSION_MS, answerMs: 0, addresses, busySlots };
}

/** Launches at random moments, as many as sessions end at this occupancy. @returns what they come to. */
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
