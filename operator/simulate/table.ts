import type { Outcome } from "./comparison.ts";

/** A column of a report: its meaning, and its cell for an outcome. */
export interface Column {
  readonly title: string;
  readonly meaning: string;
  readonly cell: (outcome: Outcome) => string;
}

export const columns: readonly Column[] = [
  { title: "policy", meaning: "policy and its settings", cell: ({ name }) => name },
  { title: "warm", meaning: "launches that found a warm slot at once", cell: ({ warm, launches }) => percent(warm / launches) },
  { title: "waited", meaning: "launches that waited for a slot", cell: ({ waited }) => whole(waited) },
  { title: "refused", meaning: "launches whose deadline passed", cell: ({ refused }) => whole(refused) },
  { title: "p50", meaning: "start-up, arrival to first frame, median", cell: ({ startupS }) => seconds(startupS.p50) },
  { title: "p95", meaning: "start-up that 95% of the launches do not exceed", cell: ({ startupS }) => seconds(startupS.p95) },
  { title: "p99", meaning: "start-up that 99% of the launches do not exceed", cell: ({ startupS }) => seconds(startupS.p99) },
  { title: "worker-hours", meaning: "from each worker's creation to its removal", cell: ({ workerHours }) => tenths(workerHours) },
  {
    title: "at least",
    meaning: "lower bound of the worker-hours for this share of warm launches, even with knowledge of the future",
    cell: ({ clairvoyantHours }) => tenths(clairvoyantHours),
  },
  { title: "cost", meaning: "worker-hours times costPerHour", cell: ({ cost }) => (cost === undefined ? "-" : cost.toFixed(2)) },
  {
    title: "ended",
    meaning: "sessions that scale-down would have ended",
    cell: ({ wouldHaveEnded }) => whole(wouldHaveEnded),
  },
  {
    title: "turns/h",
    meaning: "changes from growing to shrinking or back, per hour",
    cell: ({ directionChangesPerHour }) => directionChangesPerHour.toFixed(2),
  },
];

/** The outcomes as lines of text with aligned columns. */
export function tableLines(outcomes: readonly Outcome[]): readonly string[] {
  const rows = [columns.map(({ title }) => title), ...outcomes.map((outcome) => columns.map(({ cell }) => cell(outcome)))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0))).join("  "),
  );
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function tenths(value: number): string {
  return value.toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(2)}%` : "-";
}

function seconds(value: number): string {
  return `${value.toFixed(1)}s`;
}
