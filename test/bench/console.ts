/**
 * `npm run bench:console`: the operator's console with 200 pools and 5,000 workers, in a real browser. The last line is one JSON
 * object. The exit status is 1 if a figure is missed.
 */
import { largeFleet } from "./console/large-fleet.ts";
import { runScenarios } from "./scenarios.ts";

await runScenarios({ largeFleet });
