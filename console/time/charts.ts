import type { HistorySample } from "../../operator/api/console.ts";
import type { ChartSeries } from "../plot/chart.tsx";
import { textOf, type Unit } from "../plot/units.ts";

export interface Figure extends Omit<ChartSeries, "values"> {
  readonly value: (sample: HistorySample) => number | undefined;
}

/** One of the small plots of the page Time. */
export interface TimeChart {
  readonly title: string;
  readonly unit: Unit;
  /** Counts per interval, which the plot adds up over longer intervals. */
  readonly hasBars?: boolean;
  readonly figures: readonly Figure[];
}

export const timeCharts: readonly TimeChart[] = [
  {
    title: "Sessions",
    unit: "count",
    figures: [
      { label: "sessions", colour: "sessions", form: "area", value: ({ sessions }) => sessions },
      { label: "slots", colour: "slots", form: "step", value: ({ slots }) => slots },
    ],
  },
  {
    title: "Free warm slots",
    unit: "count",
    figures: [
      { label: "warm", colour: "sessions", form: "step", value: ({ warmSlots }) => warmSlots },
      { label: "required", colour: "wanted", form: "step", dashed: true, value: ({ warmWanted }) => warmWanted },
    ],
  },
  {
    title: "Workers",
    unit: "count",
    figures: [{ label: "requested workers", colour: "slots", form: "step", value: ({ replicas }) => replicas }],
  },
  {
    title: "Launches",
    unit: "count",
    hasBars: true,
    figures: [{ label: "launches", colour: "sessions", form: "bars", value: ({ launches }) => launches }],
  },
  {
    title: "Short capacity",
    unit: "count",
    hasBars: true,
    figures: [
      { label: "503s of workers", colour: "waiting", form: "bars", value: ({ worker503 }) => worker503 },
      { label: "errors to clients", colour: "bad", form: "bars", value: ({ refused }) => refused },
    ],
  },
  {
    title: "Waits",
    unit: "count",
    hasBars: true,
    figures: [
      { label: "launches that waited", colour: "waiting", form: "bars", value: ({ waited }) => waited },
      { label: "waiting now", colour: "bad", form: "step", value: ({ queued }) => queued },
    ],
  },
  {
    title: "First frame, 95th percentile",
    unit: "milliseconds",
    figures: [{ label: "start-up", colour: "startup", form: "points", value: ({ startupP95Ms }) => startupP95Ms }],
  },
];

/** The latest and the largest value of each figure, as a sentence. */
export function summaryOf({ figures, unit }: TimeChart, samples: readonly HistorySample[]): string {
  return figures
    .map(({ label, value }) => {
      const values = samples.flatMap((sample) => value(sample) ?? []);
      const last = values.at(-1);
      if (last === undefined) return `No value for ${label}.`;
      return `Latest ${label}: ${textOf(unit, last)}, at most ${textOf(unit, Math.max(...values))}.`;
    })
    .join(" ");
}

/** What happened to launches, as a sentence. */
export function launchesSentence(samples: readonly HistorySample[]): string {
  const total = (value: (sample: HistorySample) => number) => samples.reduce((sum, sample) => sum + value(sample), 0);
  const launches = total((sample) => sample.launches);
  const waited = total((sample) => sample.waited);
  const refused = total((sample) => sample.refused);
  const worker503 = total((sample) => sample.worker503);
  return [
    `${counted(launches, "launch", "launches")}: ${whole(waited)} waited for a slot, ${whole(refused)} got an error.`,
    worker503 === 0
      ? "No worker responded with 503."
      : `Workers responded with ${counted(worker503, "503", "503s")}, of which gateways absorbed ${whole(Math.max(0, worker503 - refused))}.`,
  ].join(" ");
}

function counted(count: number, one: string, many: string): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

function whole(count: number): string {
  return textOf("count", count);
}
