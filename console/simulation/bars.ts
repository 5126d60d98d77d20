import type { Outcome } from "../../operator/simulate/comparison.ts";
import { columns } from "../../operator/simulate/table.ts";

/** A figure of every policy, for horizontal bars. A shorter bar is better. */
export interface BarChart {
  readonly title: string;
  readonly bars: readonly {
    readonly name: string;
    readonly text: string;
    /** Of the longest bar. */
    readonly share: number;
  }[];
}

/** The figures on which policies are compared. Worker-hours stand for a cost that is unknown. */
export function barCharts(outcomes: readonly Outcome[]): readonly BarChart[] {
  const isPriced = outcomes.every(({ cost }) => cost !== undefined);
  return [
    // Policies differ in the last percent of warm launches, so the bars show the others.
    barsOf("Launches without a warm slot", outcomes, notWarm, (outcome) => shareText(notWarm(outcome), outcome.launches)),
    isPriced
      ? barsOf("Cost", outcomes, ({ cost = 0 }) => cost, cellOf("cost"))
      : barsOf("Worker-hours", outcomes, ({ workerHours }) => workerHours, cellOf("worker-hours")),
    // The waits of a few launches do not change a lower percentile.
    barsOf("Start-up, 99th percentile", outcomes, ({ startupS }) => startupS.p99, cellOf("p99")),
  ];
}

function barsOf(
  title: string,
  outcomes: readonly Outcome[],
  value: (outcome: Outcome) => number,
  text: (outcome: Outcome) => string,
): BarChart {
  const most = Math.max(0, ...outcomes.map(value));
  const bars = outcomes.map((outcome) => ({
    name: outcome.name,
    text: text(outcome),
    share: most === 0 ? 0 : value(outcome) / most,
  }));
  return { title, bars };
}

/** The text of a column of the table. */
function cellOf(title: string): (outcome: Outcome) => string {
  return (outcome) => columns.find((column) => column.title === title)?.cell(outcome) ?? "";
}

function notWarm({ launches, warm }: Outcome): number {
  return launches - warm;
}

function shareText(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(2)}% (${part.toLocaleString("en")})`;
}
