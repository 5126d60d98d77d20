/**
 * `npm run bench:reconcile [scenario …]`: speed and memory of the shipped operator and gateway on a real API server. The last
 * line is one JSON object. The exit status is 1 if a figure is missed.
 */
import { install } from "./install.ts";
import { manyPods } from "./many-pods.ts";
import { manyPools } from "./many-pools.ts";
import { onePool } from "./one-pool.ts";
import { runScenarios } from "./scenarios.ts";

await runScenarios({ install, manyPools, manyPods, onePool });
