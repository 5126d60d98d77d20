import type { Trace } from "./trace.ts";

export interface CsvOptions {
  /** Longest session: longer ones are cut, as a product has a session limit. */
  readonly capS: number;
  /** Returns the length of a session whose duration is empty. */
  readonly missingS: () => number;
}

const HEADER = "arrival_s,duration_s";

/**
 * Reads a trace: the header `arrival_s,duration_s`, then one session per line, ascending by arrival, in seconds from the start
 * of the trace. A duration may be empty.
 * @throws Error that names the line that is not valid.
 */
export function parseTrace(name: string, text: string, { capS, missingS }: CsvOptions): Trace {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  if (lines[0] !== HEADER) throw new Error(`${name}, line 1: expected the header ${HEADER}, found ${shortened(lines[0])}`);
  const arrivalS = new Float64Array(lines.length - 1);
  const durationS = new Float64Array(lines.length - 1);
  let last = 0;
  for (let row = 0; row < arrivalS.length; row++) {
    const line = lines[row + 1] ?? "";
    const comma = line.indexOf(",");
    const arrival = comma > 0 ? Number(line.slice(0, comma)) : Number.NaN;
    const duration = comma + 1 === line.length ? missingS() : Number(line.slice(comma + 1));
    if (!(arrival >= 0 && arrival < Number.POSITIVE_INFINITY && duration >= 0))
      throw new Error(`${name}, line ${row + 2}: expected an arrival and a duration in seconds, found ${shortened(line)}`);
    if (arrival < last)
      throw new Error(
        `${name}, line ${row + 2}: the arrival at ${arrival} s is before the previous one (${last} s); sort the lines by arrival`,
      );
    last = arrival;
    arrivalS[row] = arrival;
    durationS[row] = Math.min(duration, capS);
  }
  return { name, arrivalS, durationS };
}

function shortened(line = ""): string {
  return line.length <= 60 ? JSON.stringify(line) : `${JSON.stringify(line.slice(0, 60))}…`;
}
