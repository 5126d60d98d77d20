import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../operator/runtime/random.ts";
import { until } from "../support/controlplane/index.ts";
import { nodePoolSpec } from "../support/node/pool.ts";
import type { NodeScenario } from "../support/node/scenario.ts";
import { NodeStage } from "../support/node/stage.ts";
import { SoakCalls } from "./calls.ts";
import { Chaos } from "./chaos.ts";
import { memorySample } from "./processes.ts";
import { type MemorySample, type Rest, verdict } from "./verdict.ts";

/** Runs in the namespaces of real nodes. Arguments: minutes and seed. */

const MEMORY_INTERVAL_MS = 5_000;
const REST_LIMIT_MS = 180_000;

const [minutes = 10, seed = 1] = process.argv.slice(2).map(Number);
const startMs = Date.now();
const log = (line: string) => console.error(`${((Date.now() - startMs) / 1_000).toFixed(1).padStart(7)} s  ${line}`);

async function soak(stage: NodeStage): Promise<boolean> {
  const scenario = await stage.scenario("soak");
  const spec = nodePoolSpec(stage, {
    groups: ["cpu"],
    cpu: { min: 3, max: 8, drain: { timeout: "10m" } },
    spec: { warm: { slots: 2 }, scaling: { scaleDownAfter: "30s" } },
  });
  await scenario.warmPool(spec);
  log(`the pool is warm; calls and faults begin, with seed ${seed}`);
  const endMs = Date.now() + minutes * 60_000;
  const calls = new SoakCalls(stage, scenario, seededRandom(seed, "calls"), log);
  const chaos = new Chaos({ stage, scenario, seed, log });
  const over = new AbortController();
  const memory: MemorySample[] = [];
  const sampling = sampleMemory(memory, over.signal, () => `${calls.records.length} calls, ${calls.running} of them run`);
  await Promise.all([calls.until(endMs), chaos.until(endMs)]);
  over.abort();
  await sampling;
  log("calls and faults have ended; waiting until all slots are free");
  const { figures, broken } = verdict(calls.records, chaos, memory, await atRest(scenario));
  for (const sentence of broken) console.error(`BROKEN: ${sentence}`);
  console.log(JSON.stringify({ minutes, seed, ...figures, faults: chaos.counts }));
  return broken.length === 0;
}

async function sampleMemory(into: MemorySample[], signal: AbortSignal, progress: () => string): Promise<void> {
  for (let count = 0; !signal.aborted; count++) {
    into.push(await memorySample());
    if (count % 12 === 11) log(`${progress()}; ${JSON.stringify(into.at(-1)?.mebibytes)} MiB`);
    await sleep(MEMORY_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The pool once nothing uses it any more, or after a time limit. */
async function atRest(scenario: NodeScenario): Promise<Rest> {
  let rest: Rest = { slots: 0, freeSlots: 0, sessions: 0 };
  const isAtRest = async () => {
    const { slots = 0, warmSlots = 0, sessions = 0, groups = [] } = await scenario.status();
    rest = { slots, freeSlots: warmSlots, sessions };
    return slots > 0 && warmSlots === slots && sessions === 0 && groups.every(({ draining = 0 }) => draining === 0);
  };
  await until("all slots to be free", REST_LIMIT_MS, isAtRest).catch(() => undefined);
  return rest;
}

await using stage = await NodeStage.open({ progress: log });
process.exitCode = (await soak(stage)) ? 0 : 1;
