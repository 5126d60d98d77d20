import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { PoolConfig } from "../api/pool-config.ts";
import { parsePool } from "../api/pool-file.ts";
import { consoleFolder } from "../runtime/console-folder.ts";
import { seededRandom } from "../runtime/random.ts";
import { baselines } from "../simulate/baselines/index.ts";
import type { Outcome, PolicyOf } from "../simulate/comparison.ts";
import { callLengthS } from "../simulate/draws.ts";
import { generate } from "../simulate/generate.ts";
import { htmlPage, type PageAssets, SIMULATION_PAGE } from "../simulate/html.ts";
import { poolPolicy } from "../simulate/pool-policy.ts";
import { aboutSimulation, endOf, simulated } from "../simulate/report.ts";
import { columns, tableLines } from "../simulate/table.ts";
import type { Trace } from "../simulate/trace.ts";
import { parseTrace } from "../simulate/trace-csv.ts";
import type { SimulateOptions } from "./simulate-options.ts";

export interface SimulateParts {
  readonly ownPolicy?: (pool: PoolConfig, startMs: number) => PolicyOf;
  readonly assets?: () => Promise<PageAssets>;
}

/**
 * `avatarpool simulate`: replays launches against the groups of a pool file, under the policy of AvatarPool and under common
 * autoscalers. Prints a table, and with `--json` one JSON object as the last line.
 * @param parts replace the policy of the pool for a trace that begins at `startMs`, and the built files of the page.
 * @throws Error that describes what is wrong with a file or a flag.
 */
export async function simulate(
  poolFile: string,
  options: SimulateOptions,
  print: (line: string) => void,
  { ownPolicy = poolPolicy, assets = builtAssets }: SimulateParts = {},
): Promise<void> {
  const pool = parsePool(poolFile, (await read(poolFile)).toString());
  const { trace, endS } = await traceOf(options);
  const simulation = { ...options, pool, trace, endS };
  const outcomes = [...simulated(simulation, [ownPolicy(pool, options.startMs), ...baselines])];
  const about = aboutSimulation(simulation);
  for (const sentence of about) print(sentence);
  print("");
  for (const line of tableLines(outcomes)) print(line);
  print("");
  for (const { title, meaning } of columns.slice(1)) print(`${title}: ${meaning}`);
  if (options.html !== undefined) {
    await writeFile(options.html, htmlPage({ title: `${pool.name}: ${trace.name}`, about, outcomes }, await assets()));
    print(`\nWrote ${options.html}.`);
  }
  if (options.json)
    print(JSON.stringify({ pool: pool.name, trace: trace.name, hours: endS / 3_600, outcomes: outcomes.map(figures) }));
}

async function traceOf({ source, seed, capS }: SimulateOptions): Promise<{ readonly trace: Trace; readonly endS: number }> {
  if ("generator" in source) return { trace: generate(source.generator, { ...source, seed, capS }), endS: source.hours * 3_600 };
  const random = seededRandom(seed, "durations");
  const trace = parseTrace(source.csv, (await readUnzipped(source.csv)).toString(), { capS, missingS: () => callLengthS(random) });
  return { trace, endS: endOf(trace) };
}

async function builtAssets(): Promise<PageAssets> {
  const file = (extension: string) => readFile(path.join(consoleFolder(), `${SIMULATION_PAGE}.${extension}`), "utf8");
  try {
    return { script: await file("js"), style: await file("css") };
  } catch (error) {
    throw new Error(`--html needs the built console in ${consoleFolder()}: run npm run build`, { cause: error });
  }
}

function figures({ timeline: _, ...outcome }: Outcome): Omit<Outcome, "timeline"> {
  return outcome;
}

async function readUnzipped(file: string): Promise<Buffer> {
  const content = await read(file);
  if (!file.endsWith(".gz")) return content;
  try {
    return await promisify(gunzip)(content);
  } catch {
    throw new Error(`${file} is not a gzip file; remove the suffix .gz or compress the file`);
  }
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new Error(code === "ENOENT" ? `${file} does not exist` : `failed to read ${file}: ${String(code ?? error)}`);
  }
}
