import { describeFigure, isMissed, type ScenarioResult } from "./figures.ts";

/**
 * Runs the scenarios that the command line names, or all of them, one after the other, and prints their figures. The last line is
 * one JSON object. Ends the process with status 1 if a figure is missed, and 2 if a name is unknown.
 */
export async function runScenarios(scenarios: Readonly<Record<string, () => Promise<ScenarioResult>>>): Promise<never> {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !Object.hasOwn(scenarios, name));
  if (unknown !== undefined) {
    console.error(`unknown scenario ${unknown}; use one of ${Object.keys(scenarios).join(", ")}`);
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
}
