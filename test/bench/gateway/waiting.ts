import { setTimeout as sleep } from "node:timers/promises";
import type { LaunchTrace } from "../../../operator/gateway/launch/launch-trace.ts";
import type { ScenarioResult } from "../figures.ts";
import { benchGateways } from "./bench-gateways.ts";
import { startLightWorkers } from "./control.ts";

const LAUNCHES = 1_000;
const CLIENTS = 10;
const WORKERS = 150;
const SLOTS = 8;
/** Largest number of launches that a gateway sends to one worker concurrently. */
const HERD_LIMIT = 8;

/** A thousand launches wait at one gateway, then all workers become ready at the same time. */
export async function waitingLaunches(): Promise<ScenarioResult> {
  await using workers = await startLightWorkers(WORKERS);
  await workers.tell({ ready: false, slots: SLOTS, sessionMs: 600_000, answerMs: 20 });
  await using gateways = benchGateways(1, { count: WORKERS, slots: SLOTS });
  await sleep(1_000);
  const launches = Array.from({ length: LAUNCHES }, (_, at) =>
    gateways.launch(0, `${at % CLIENTS}-${Math.floor(at / CLIENTS)}`, `client-${at % CLIENTS}`),
  );
  await sleep(1_000);
  await workers.tell({ ready: true });
  const startedMs = Date.now();
  const answers = await Promise.all(launches);
  const servedInMs = Date.now() - startedMs;
  const { rooms, mostAnswering, launches: requests } = await workers.counts();
  return {
    figures: [
      { name: "launches not served", value: answers.filter(({ status }) => status !== 200).length, limit: 0 },
      {
        name: "launches that got a slot after a later one of their client",
        value: overtaken(answers.map(({ trace }) => trace)),
        limit: 0,
      },
      { name: "launches that one worker had to answer at once", value: mostAnswering, limit: HERD_LIMIT },
      { name: "worker requests per launch", value: Number((requests / LAUNCHES).toFixed(3)), limit: 1.1 },
    ],
    details: { servedInMs, clientsFirstHundred: shareOfFirst(rooms) },
  };
}

/** Tolerance: a launch begins to wait some milliseconds after its arrival, from which these times count. */
const NEAR_MS = 10;

/**
 * Launches that got their slot after a later launch of the same client, of {@link LAUNCHES} in the order of arrival. The network
 * determines the order of launches that are sent at the same time.
 */
function overtaken(traces: readonly LaunchTrace[]): number {
  const grantedMs = traces.map(({ arrivedMs, waitedMs }) => arrivedMs + waitedMs);
  const earliestLater = new Map<number, number>();
  let count = 0;
  for (const [at, granted] of [...grantedMs.entries()].reverse()) {
    const earliest = earliestLater.get(at % CLIENTS) ?? Number.POSITIVE_INFINITY;
    if (granted > earliest + NEAR_MS) count += 1;
    earliestLater.set(at % CLIENTS, Math.min(earliest, granted));
  }
  return count;
}

/** Launches of each client among the first hundred: ten, if the queue is fair. */
function shareOfFirst(rooms: readonly string[]): readonly number[] {
  const first = rooms.slice(0, 100).map((room) => Number(room.split("-")[0]));
  return Array.from({ length: CLIENTS }, (_, client) => first.filter((each) => each === client).length);
}
