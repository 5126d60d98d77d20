/**
 * `npm run bench:media [scenario …]`: first frames through a gateway compared with direct launches, the start of a CPU worker,
 * and the cost of its sessions, with a real LiveKit server and the maker's plugin. See docs/benchmarks.md. The last line is one
 * JSON object. The exit status is 1 if a figure is missed.
 */
import { firstFrame } from "./media/first-frame.ts";
import { streaming } from "./media/streaming.ts";
import { workerStart } from "./media/worker-start.ts";
import { runScenarios } from "./scenarios.ts";

await runScenarios({ firstFrame, workerStart, streaming });
