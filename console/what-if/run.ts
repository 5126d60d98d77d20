import type { PoolConfig } from "../../operator/api/pool-config.ts";
import { type FieldProblem, PoolFileError, parsePool } from "../../operator/api/pool-file.ts";
import { seededRandom } from "../../operator/runtime/random.ts";
import { baselines } from "../../operator/simulate/baselines/index.ts";
import type { Outcome } from "../../operator/simulate/comparison.ts";
import { callLengthS } from "../../operator/simulate/draws.ts";
import { generate } from "../../operator/simulate/generate.ts";
import { poolPolicy } from "../../operator/simulate/pool-policy.ts";
import {
  A_MONDAY_MS,
  aboutSimulation,
  DEFAULT_CAP_S,
  DEFAULT_SEED,
  endOf,
  type Simulation,
  simulated,
} from "../../operator/simulate/report.ts";
import type { Trace } from "../../operator/simulate/trace.ts";
import { parseTrace } from "../../operator/simulate/trace-csv.ts";
import { type LaunchSource, MOST_LAUNCHES, MOST_POOL_CHARS, type SimulationMessage, type SimulationRequest } from "./protocol.ts";

interface Launches {
  readonly trace: Trace;
  readonly endS: number;
  readonly startMs: number;
  /** Undefined: no session was cut. */
  readonly capS: number | undefined;
}

/** Runs a simulation: one message after each policy, then the report, or one message that states what is wrong. */
export function* run({ pool: edited, current, source }: SimulationRequest): Generator<SimulationMessage, void, void> {
  const pool = attempt("pool", () => poolOf("this file", edited));
  if ("failed" in pool) return yield pool.failed;
  const launches = attempt("launches", () => launchesOf(source));
  if ("failed" in launches) return yield launches.failed;
  const before =
    current === undefined || current === edited ? undefined : attempt("pool", () => poolOf("the current spec", current));
  if (before !== undefined && "failed" in before) return yield before.failed;

  const simulation = { ...launches.value, pool: pool.value, seed: DEFAULT_SEED, timeToWarmS: undefined };
  const own = (config: PoolConfig) => poolPolicy(config, launches.value.startMs);
  const outcomes: Outcome[] = [];
  const of = 1 + (before === undefined ? 0 : 1) + baselines.length;
  for (const outcome of inOrder(simulation, before?.value, own)) {
    outcomes.push(outcome);
    yield { kind: "progress", policy: outcome.name, done: outcomes.length, of };
  }
  const report = { title: `${pool.value.name}: ${launches.value.trace.name}`, about: aboutSimulation(simulation), outcomes };
  yield { kind: "done", report };
}

/** The edited pool, the current one if it differs, then the baselines with the groups of the edited pool. */
function* inOrder(
  simulation: Simulation,
  before: PoolConfig | undefined,
  own: (pool: PoolConfig) => ReturnType<typeof poolPolicy>,
): Generator<Outcome, void, void> {
  const name = before === undefined ? "current spec" : "this file";
  for (const outcome of simulated(simulation, [own(simulation.pool)])) yield { ...outcome, name: `${name}, ${outcome.name}` };
  if (before !== undefined)
    for (const outcome of simulated({ ...simulation, pool: before }, [own(before)]))
      yield { ...outcome, name: `current spec, ${outcome.name}` };
  yield* simulated(simulation, baselines);
}

function poolOf(name: string, text: string): PoolConfig {
  if (text.length > MOST_POOL_CHARS)
    throw new PoolFileError(`${name} has ${text.length} characters, but at most ${MOST_POOL_CHARS} are possible`);
  return parsePool(name, text);
}

function launchesOf(source: LaunchSource): Launches {
  const launches = traceOf(source);
  const { length } = launches.trace.arrivalS;
  if (length > MOST_LAUNCHES)
    throw new Error(
      `${launches.trace.name} has ${length} launches, but at most ${MOST_LAUNCHES} are possible here; use avatarpool simulate`,
    );
  return launches;
}

function traceOf(source: LaunchSource): Launches {
  switch (source.kind) {
    case "recorded": {
      const trace = {
        name: "the recent history",
        arrivalS: Float64Array.from(source.launches, ({ arrivalS }) => arrivalS),
        durationS: Float64Array.from(source.launches, ({ durationS }) => durationS),
      };
      return { trace, endS: endOf(trace), startMs: source.fromMs, capS: undefined };
    }
    case "csv": {
      const random = seededRandom(DEFAULT_SEED, "durations");
      const trace = parseTrace(source.name, source.text, { capS: DEFAULT_CAP_S, missingS: () => callLengthS(random) });
      return { trace, endS: endOf(trace), startMs: A_MONDAY_MS, capS: DEFAULT_CAP_S };
    }
    case "generated": {
      const { generator, hours, ratePerMinute } = source;
      if (hours * 60 * ratePerMinute > MOST_LAUNCHES)
        throw new Error(`${hours} h at ${ratePerMinute} launches per minute exceed ${MOST_LAUNCHES} launches; lower one of them`);
      const trace = generate(generator, { hours, ratePerMinute, seed: DEFAULT_SEED, capS: DEFAULT_CAP_S });
      return { trace, endS: hours * 3_600, startMs: A_MONDAY_MS, capS: DEFAULT_CAP_S };
    }
  }
}

type Attempt<Value> = { readonly value: Value } | { readonly failed: SimulationMessage };

function attempt<Value>(input: "pool" | "launches", read: () => Value): Attempt<Value> {
  try {
    return { value: read() };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const problems: readonly FieldProblem[] = error instanceof PoolFileError ? error.problems : [];
    return { failed: { kind: "failed", input, message, problems } };
  }
}
