/**
 * `npm run bench:gateway [scenario …]`: what a gateway costs with ten thousand workers, how it serves launches that wait, how
 * several share workers that are nearly full, and what it adds compared with nginx and HAProxy. See docs/benchmarks.md. The last line is one JSON object. Exits with 1 if a figure misses its limit.
 */
import { comparedWithProxies } from "./gateway/compare.ts";
import { ninetyPercent } from "./gateway/occupancy.ts";
import { tenThousandWorkers } from "./gateway/ten-thousand.ts";
import { waitingLaunches } from "./gateway/waiting.ts";
import { runScenarios } from "./scenarios.ts";

await runScenarios({ tenThousandWorkers, waitingLaunches, ninetyPercent, comparedWithProxies });
