/**
 * `npm run bench:gateway [scenario …]`: the cost of a gateway with ten thousand workers, the service of waiting launches,
 * several gateways with nearly full workers, and the added latency and CPU time compared with nginx and HAProxy. See
 * docs/benchmarks.md. The last line is one JSON object. The exit status is 1 if a figure is missed.
 */
import { comparedWithProxies } from "./gateway/compare.ts";
import { ninetyPercent } from "./gateway/occupancy.ts";
import { tenThousandWorkers } from "./gateway/ten-thousand.ts";
import { waitingLaunches } from "./gateway/waiting.ts";
import { runScenarios } from "./scenarios.ts";

await runScenarios({ tenThousandWorkers, waitingLaunches, ninetyPercent, comparedWithProxies });
