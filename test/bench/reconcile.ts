/**
 * `npm run bench:reconcile [scenario …]`: how fast the operator is and how much memory operator and gateway take, as they are
 * shipped, on a real API server. The last line is one JSON object. Exits with 1 when a figure is missed.
 */
import { ensureBundle } from "../support/product/bundle.ts";
import { describeFigure, isMissed, type ScenarioResult } from "./figures.ts";
import { manyPods } from "./many-pods.ts";
import { manyPools } from "./many-pools.ts";
import { onePool } from "./one-pool.ts";

const scenarios: Readonly<Record<string, () => Promise<ScenarioResult>>> = { manyPools, manyPods, onePool };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(scenarios, name));
if (unknown !== undefined) {
  console.error(`no scenario is called ${unknown}; there are ${Object.keys(scenarios).join(", ")}`);
  process.exit(2);
}

await ensureBundle(console.error);
const results: Record<string, ScenarioResult> = {};
for (const [name, measure] of Object.entries(scenarios)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`── ${name} ──`);
  const result = await measure();
  results[name] = result;
  for (const figure of result.figures) console.log(describeFigure(figure));
  console.log(result.details);
}
const missed = Object.values(results).flatMap(({ figures }) => figures.filter(isMissed));
console.log(JSON.stringify({ missed: missed.map(({ name }) => name), ...results }));
process.exit(missed.length === 0 ? 0 : 1);
