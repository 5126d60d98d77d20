/**
 * `npm run sim -- --seed N [--worlds M] [--verbose]`: runs worlds N, N+1, … and prints the broken promises. With
 * `--verbose` it prints the events of each world. The last line is JSON.
 */
import { parseArgs } from "node:util";
import { type Life, live } from "./life.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1000" },
    worlds: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const worlds = Number(values.worlds);
const startMs = performance.now();
const lives: Life[] = [];

for (let seed = first; seed < first + worlds; seed++) {
  const life = await live(seed);
  lives.push({ ...life, timeline: [] });
  if (values.verbose) for (const line of life.timeline) console.log(line);
  if (life.violations.length === 0) continue;
  console.log(`seed ${seed} broke its promises; replay it with: npm run sim -- --seed ${seed} --verbose`);
  for (const line of life.faults) console.log(line);
  for (const violation of life.violations) console.log(`  ${violation}`);
}

const sum = (count: (life: Life) => number) => lives.reduce((total, life) => total + count(life), 0);
const failed = lives.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed);
console.log(
  JSON.stringify({
    worlds,
    failed,
    launches: sum(({ launches }) => launches),
    sessions: sum(({ sessions }) => sessions),
    sessionsWithoutControlPlane: sum(({ servedAlone }) => servedAlone),
    sessionsEndedByUs: sum(({ endedByUs }) => endedByUs),
    sessionsEndedByDrainTimeout: sum(({ endedByDrainTimeout }) => endedByDrainTimeout),
    sessionsEndedByTrouble: sum(({ endedByTrouble }) => endedByTrouble),
    faults: sum(({ faults }) => faults.length),
    decisions: sum(({ decisions }) => decisions),
    writes: sum(({ writes }) => writes),
    simulatedHours: Math.round(sum(({ lastedS }) => lastedS) / 360) / 10,
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
  }),
);
if (failed.length > 0) process.exitCode = 1;
