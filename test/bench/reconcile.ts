/**
 * `npm run bench:reconcile [scenario …]`: how fast the operator is and how much memory operator and gateway take, as they are
 * shipped, on a real API server. The last line is one JSON object. Exits with 1 when a figure is missed.
 */
import { manyPods } from "./many-pods.ts";
import { manyPools } from "./many-pools.ts";
import { onePool } from "./one-pool.ts";
import { runScenarios } from "./scenarios.ts";

await runScenarios({ manyPools, manyPods, onePool });
