/**
 * `npm run bench:gateway [scenario …]`: what a gateway costs with ten thousand workers, how it serves launches that wait, how
 * several share workers that are nearly full, and what it adds beside nginx and HAProxy. See docs/benchmarks.md. The last line is one JSON object. Exits with 1 when a figure is missed.
 */
import { describeFigure, isMissed, type ScenarioResult } from "./figures.ts";
import { comparedWithProxies } from "./gateway/compare.ts";
import { ninetyPercent } from "./gateway/occupancy.ts";
import { tenThousandWorkers } from "./gateway/ten-thousand.ts";
import { waitingLaunches } from "./gateway/waiting.ts";

const scenarios: Readonly<Record<string, () => Promise<ScenarioResult>>> = {
  tenThousandWorkers,
  waitingLaunches,
  ninetyPercent,
  comparedWithProxies,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(scenarios, name));
if (unknown !== undefined) {
  console.error(`no scenario is called ${unknown}; there are ${Object.keys(scenarios).join(", ")}`);
  process.exit(2);
}

const results: Record<string, ScenarioResult> = {};
for (const [name, measure] of Object.entries(scenarios)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`── ${name} ──`);
  const result = await measure();
  results[name] = result;
  for (const figure of result.figures) console.log(describeFigure(figure));
  console.dir(result.details, { depth: null });
}
const missed = Object.values(results).flatMap(({ figures }) => figures.filter(isMissed));
console.log(JSON.stringify({ missed: missed.map(({ name }) => name), ...results }));
process.exit(missed.length === 0 ? 0 : 1);
