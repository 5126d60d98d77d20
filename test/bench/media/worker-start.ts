import type { ScenarioResult } from "../figures.ts";
import { startBenchWorker } from "./worker.ts";

const MODELS = 3;
const RUNS = 5;

/** The start of a worker with three models, by stage. With a test card, no model is loaded. */
export async function workerStart(): Promise<ScenarioResult> {
  const runs: object[] = [];
  for (let n = 0; n < RUNS; n++) {
    await using started = await startBenchWorker(MODELS, {});
    const metrics = await (await fetch(`${started.worker.url}/metrics`)).text();
    const stageMs = (stage: string) =>
      Math.round(Number(new RegExp(`essence_start_stage_seconds\\{stage="${stage}"\\} (\\S+)`).exec(metrics)?.[1]) * 10_000) / 10;
    const { readyMs } = started;
    // The worker's own clock starts after the interpreter has loaded its packages.
    runs.push({
      readyMs,
      loadPackagesMs: Math.round(readyMs - stageMs("ready")),
      listenMs: stageMs("listen"),
      modelsMs: stageMs("models"),
    });
  }
  return { figures: [], details: { models: MODELS, runs } };
}
