/** Mean duration in seconds and number of measurements, by stage. */
export type StageTimes = Readonly<Record<string, { readonly seconds: number; readonly count: number }>>;

const HISTOGRAMS = /^avatarpool_(?:cold_start|launch_stage)_duration_seconds_(sum|count)\{(.*)\} (\S+)$/gm;

/** Reads the histograms of the stages of a start-up in the metrics of operators and gateways, all pools together. */
export function stageTimes(metrics: readonly string[]): StageTimes {
  const totals: Record<string, { sum: number; count: number }> = {};
  for (const [, kind = "sum", labels = "", value] of metrics.flatMap((text) => [...text.matchAll(HISTOGRAMS)])) {
    const stage = /stage="([^"]*)"/.exec(labels)?.[1] ?? "";
    const total = totals[stage] ?? { sum: 0, count: 0 };
    totals[stage] = { ...total, [kind]: total[kind as "sum" | "count"] + Number(value) };
  }
  const means = Object.entries(totals).map(([stage, { sum, count }]) => [stage, { seconds: count && sum / count, count }]);
  return Object.fromEntries(means);
}
