import "./no-eval.ts";
import type { SimulationRequest } from "./protocol.ts";
import { run } from "./run.ts";

/** Runs one simulation, apart from the page. */
addEventListener("message", ({ data }: MessageEvent<SimulationRequest>) => {
  for (const message of run(data)) postMessage(message);
});
