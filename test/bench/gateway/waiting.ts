import { setTimeout as sleep } from "node:timers/promises";
import type { ScenarioResult } from "../figures.ts";
import { benchGateways } from "./bench-gateways.ts";
import { startLightWorkers } from "./control.ts";

const LAUNCHES = 1_000;
const CLIENTS = 10;
const WORKERS = 150;
const SLOTS = 8;
/** As many launches as a gateway has on the way to one worker at most. */
const HERD_LIMIT = 8;

/** A thousand launches wait at one gateway, and then all workers become ready at once. */
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
      { name: "launches of a client that a later one of its own was far ahead of", value: overtaken(rooms), limit: 0 },
      { name: "launches that one worker had to answer at once", value: mostAnswering, limit: HERD_LIMIT },
      { name: "worker requests per launch", value: Number((requests / LAUNCHES).toFixed(3)), limit: 1.1 },
    ],
    details: { servedInMs, clientsFirstHundred: shareOfFirst(rooms) },
  };
}

/** The network may change the order by a few; who was overtaken by this many waited for something else. */
const FAR = 10;

function overtaken(rooms: readonly string[]): number {
  let count = 0;
  const highest = new Map<string, number>();
  for (const [client = "", place = ""] of rooms.map((room) => room.split("-"))) {
    const top = highest.get(client) ?? -1;
    if (Number(place) + FAR < top) count += 1;
    highest.set(client, Math.max(top, Number(place)));
  }
  return count;
}

/** How many of the first hundred launches each client had: ten, where they take turns. */
function shareOfFirst(rooms: readonly string[]): readonly number[] {
  const first = rooms.slice(0, 100).map((room) => Number(room.split("-")[0]));
  return Array.from({ length: CLIENTS }, (_, client) => first.filter((each) => each === client).length);
}
