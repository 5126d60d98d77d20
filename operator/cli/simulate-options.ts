import { parseDurationMs } from "../api/duration.ts";
import { type GeneratorName, generatorNames } from "../simulate/generate.ts";
import { A_MONDAY_MS, DEFAULT_CAP_S, DEFAULT_SEED } from "../simulate/report.ts";
import { usageError } from "./exit.ts";

export interface SimulateOptions {
  readonly source:
    | { readonly csv: string }
    | { readonly generator: GeneratorName; readonly hours: number; readonly ratePerMinute: number };
  readonly seed: number;
  readonly capS: number;
  readonly timeToWarmS: number | undefined;
  /** Unix time of the start of the launches. */
  readonly startMs: number;
  readonly html: string | undefined;
  readonly json: boolean;
}

/** Flags as commander passes them: only those that were given. */
export type SimulateFlags = { readonly [Flag in TextFlag]?: string } & { readonly json?: boolean };
type TextFlag = "trace" | "generate" | "hours" | "days" | "rate" | "seed" | "cap" | "timeToWarm" | "start" | "html";

/** @throws Error that names the wrong flag and its possible values. */
export function simulateOptions(flags: SimulateFlags): SimulateOptions {
  return {
    source: sourceOf(flags),
    seed: flags.seed === undefined ? DEFAULT_SEED : number("--seed", flags.seed, 0),
    capS: duration("--cap", flags.cap) ?? DEFAULT_CAP_S,
    timeToWarmS: duration("--time-to-warm", flags.timeToWarm),
    startMs: flags.start === undefined ? A_MONDAY_MS : time("--start", flags.start),
    html: flags.html,
    json: flags.json ?? false,
  };
}

function sourceOf(flags: SimulateFlags): SimulateOptions["source"] {
  const { trace, generate, hours, days, rate } = flags;
  if (trace !== undefined) {
    if ([generate, hours, days, rate].some((flag) => flag !== undefined))
      throw usageError("--trace contains the arrivals; omit --generate, --hours, --days and --rate");
    return { csv: trace };
  }
  if (hours !== undefined && days !== undefined) throw usageError("--hours and --days exclude each other; give one of them");
  const generator = generatorNames.find((name) => name === (generate ?? "call-centre"));
  if (generator === undefined) throw usageError(`--generate ${generate}: expected one of ${generatorNames.join(", ")}`);
  return {
    generator,
    hours: hours === undefined ? 24 * number("--days", days ?? "1", 1 / 24) : number("--hours", hours, 1),
    ratePerMinute: number("--rate", rate ?? "2", 0.001),
  };
}

function number(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= least && Number.isFinite(value)) return value;
  throw usageError(`${flag} ${text}: expected a number of at least ${Math.round(least * 1_000) / 1_000}`);
}

function duration(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDurationMs(text) / 1_000;
  } catch (error) {
    throw usageError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function time(flag: string, text: string): number {
  const ms = Date.parse(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && Number.isFinite(ms)) return ms;
  throw usageError(`${flag} ${text}: expected a time such as 2026-01-05T08:00:00Z`);
}
