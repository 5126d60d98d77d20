/**
 * `npm run bench:policy -- --traces DIR [--trace NAME …] [--shape SLOTSxSECONDS …] [--quick] [--dump FILE] [--plots DIR]`:
 * worker-hours and warm launches of every policy on real arrival traces. The last line is one JSON object with a row for each
 * trace and shape.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Cell, type CellResult, SHAPES } from "./cell.ts";
import { frontierPlot } from "./frontier-plot.ts";
import { summary, table } from "./summary.ts";
import { onThreads } from "./threads.ts";
import { benchTraces } from "./traces.ts";

const THREADS = 2;

const { values } = parseArgs({
  options: {
    traces: { type: "string" },
    trace: { type: "string", multiple: true },
    shape: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    dump: { type: "string" },
    plots: { type: "string" },
  },
});
const { traces: folder, trace: names, shape: shapes, quick, dump, plots } = values;
if (folder === undefined) fail("--traces is missing; give the folder of the traces");

const cells: readonly Cell[] = benchTraces
  .filter(({ name }) => names === undefined || names.includes(name))
  .flatMap(({ name }) => SHAPES.map((shape) => ({ trace: name, ...shape })))
  .filter(({ slots, timeToWarmS }) => shapes === undefined || shapes.includes(`${slots}x${timeToWarmS}`));
if (cells.length === 0)
  fail(
    `no trace or shape matches; traces are ${benchTraces.map(({ name }) => name).join(", ")}; shapes are ${SHAPES.map(({ slots, timeToWarmS }) => `${slots}x${timeToWarmS}`).join(", ")}`,
  );

const results = await onThreads<Cell, CellResult>(
  new URL("cell-worker.ts", import.meta.url),
  THREADS,
  { folder, quick },
  cells,
  (result, done) => console.error(`${done}/${cells.length} ${describe(result)}`),
);
if (dump !== undefined) writeFileSync(dump, `${JSON.stringify(results)}\n`);
if (plots !== undefined)
  for (const result of results)
    writeFileSync(join(plots, `${result.trace}-${result.slots}x${result.timeToWarmS}.svg`), frontierPlot(result));
for (const line of table(results)) console.log(line);
console.log(JSON.stringify({ ...summary(results), rows: results.map(({ baselines: _, ...row }) => row) }));

function describe({ trace, slots, timeToWarmS, own99, own999, baselines, seconds }: CellResult): string {
  const beside = [own99, own999].map(
    ({ objective, own, baseline }) =>
      `${100 * objective}%: ${own.workerHours.toFixed(1)} h at ${(100 * own.warmShare).toFixed(2)}%, ${baseline === undefined ? "no baseline reaches it" : `${baseline.workerHours.toFixed(1)} h by ${baseline.policy}`}`,
  );
  return `${trace} ${slots}x${timeToWarmS}: ${beside.join("; ")}; ${baselines.replays} replays in ${seconds} s`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
