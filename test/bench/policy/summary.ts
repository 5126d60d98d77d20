import type { CellResult } from "./cell.ts";
import { type Comparison, geometricMean } from "./compare.ts";

/** Smallest shortfall that is reported: 0.05% is the noise of a trace. */
const MET = 0.0005;

/** Totals of the table. */
export interface Summary {
  readonly geometricMean: number;
  readonly worst: number;
  /** Rows in which the best setting of a baseline costs less. */
  readonly lost: readonly string[];
  /** Rows that missed the objective, with the warm share that they reached. */
  readonly short: readonly string[];
}

export function summary(results: readonly CellResult[]): Summary {
  const all = results.flatMap((cell) =>
    [cell.own99, cell.own999].map((comparison) => ({ label: labelOf(cell, comparison), ...comparison })),
  );
  const ratios = all.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  return {
    geometricMean: geometricMean(ratios),
    worst: Math.max(...ratios),
    lost: all.filter(({ ratio = 0 }) => ratio > 1).map(({ label, ratio = 0 }) => `${label}: ${ratio.toFixed(3)}`),
    short: all.filter(({ shortfall }) => shortfall > MET).map(({ label, own }) => `${label}: ${(100 * own.warmShare).toFixed(2)}%`),
  };
}

/** The table as lines of text. */
export function table(results: readonly CellResult[]): readonly string[] {
  const rows = results.flatMap((cell) =>
    [cell.own99, cell.own999].map((comparison) => [
      labelOf(cell, comparison),
      `${(100 * comparison.own.warmShare).toFixed(2)}%`,
      comparison.own.workerHours.toFixed(1),
      comparison.baseline?.workerHours.toFixed(1) ?? "-",
      comparison.ratio?.toFixed(3) ?? "-",
      comparison.hullRatio?.toFixed(3) ?? "-",
      comparison.turnsRatio?.toFixed(2) ?? "-",
      cell.packingBoundHours.toFixed(1),
      comparison.baseline === undefined ? "-" : `${comparison.baseline.policy} (ends ${comparison.baseline.wouldHaveEnded})`,
    ]),
  );
  const lines = [["row", "warm", "AvatarPool h", "baseline h", "ratio", "to hull", "turns/HPA", "packed h", "baseline"], ...rows];
  const widths = lines[0]?.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0))) ?? [];
  return lines.map((line) =>
    line
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function labelOf({ trace, slots, timeToWarmS }: CellResult, { objective }: Comparison): string {
  return `${trace} ${slots}x${timeToWarmS} ${100 * objective}%`;
}
